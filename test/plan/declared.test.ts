import { describe, expect, it } from 'vitest';
import { declaredRules } from '../../apps/plan/rules/declared';
import { readDeclarations, type Declarations } from '../../model/keys/declarations';

const FILES = {
  'settings.yaml': 'requireDigest: true\nregistries: [docker.io/ethereum]\nagent: { image: registry.example.com/agent, version: v1 }\nlimits: { concentration: [{ of: cluster, maxPercent: 33 }] }\n',
  'clusters/gke-a.yaml': 'cloud: gcp\nproject: staking\nregion: europe-west1\n',
  'networks/hoodi.yaml': `chain: ethereum
kind: testnet
genesis: { url: x, sha256: "00" }
options: { network: hoodi }
rings: [canary, main]
clients:
  execution:
    geth:
      releases: [{ version: v1.15.0, dataSchema: 1 }, { version: v1.16.0, dataSchema: 2 }, { version: v1.16.7, dataSchema: 2 }]
      rings: { canary: v1.16.7, main: v1.16.0 }
`,
};
const read = (files: Readonly<Record<string, string>>): Declarations => readDeclarations(new Map(Object.entries(files)));
const changed = (file: keyof typeof FILES, from: string, to: string): string[] => {
  expect(FILES[file]).toContain(from);
  return declaredRules({ base: read(FILES), head: read({ ...FILES, [file]: FILES[file].replace(from, to) }) }).map(({ code, risk, what }) => `${code} (${risk}) ${what}`);
};

describe('an edit of a rule\'s own input is told', () => {
  it('not where nothing changes', () => expect(declaredRules({ base: read(FILES), head: read(FILES) })).toEqual([]));

  it.each([
    ['settings.yaml', 'requireDigest: true', 'requireDigest: false', /^digest-not-required \(hardening\)/],
    ['settings.yaml', 'requireDigest: true\n', '', /^digest-not-required/],
    ['settings.yaml', 'docker.io/ethereum', 'docker.io/ethereum, evil.example.com', /^registry-added \(hardening\) images may come from evil.example.com/],
    ['settings.yaml', '[docker.io/ethereum]', '[docker.io]', /^registry-dropped \(interrupting\) images may no longer come from docker.io\/ethereum: a pod that ends before its node was fired is not made again .*,registry-added/],
    ['settings.yaml', 'registry.example.com/agent', 'registry.example.com/other', /^agent-image \(interrupting\) .* is registry.example.com\/other, no longer registry.example.com\/agent/],
    ['settings.yaml', 'maxPercent: 33', 'maxPercent: 99', /^limit-dropped \(hardening\) .*33.*no longer holds,limit-added \(harmless\) .*99/],
    ['settings.yaml', '[{ of: cluster, maxPercent: 33 }]', '[]', /^limit-dropped/],
    ['clusters/gke-a.yaml', 'europe-west1', 'us-east4', /^cluster-moved \(data loss\) .*from gcp staking europe-west1 to gcp staking us-east4/],
    ['networks/hoodi.yaml', 'chain: ethereum', 'chain: cosmos', /^network-chain \(second-signer risk\)/],
    ['networks/hoodi.yaml', 'kind: testnet', 'kind: mainnet', /^network-kind \(hardening\)/],
    ['networks/hoodi.yaml', 'sha256: "00"', 'sha256: "01"', /^network-genesis \(second-signer risk\)/],
    ['networks/hoodi.yaml', 'network: hoodi }', 'network: mainnet }', /^network-options \(interrupting\)/],
    ['networks/hoodi.yaml', '[canary, main]', '[main, canary]', /^rings-changed/],
    ['networks/hoodi.yaml', 'v1.16.0, dataSchema: 2', 'v1.16.0, dataSchema: 1', /^data-schema-edited \(one-way\) geth v1.16.0 is said to have data schema 1, and was merged with 2/],
    ['networks/hoodi.yaml', 'canary: v1.16.7', 'canary: v1.16.0', /^downgrade \(restart when fired\) geth goes back in ring canary, from v1.16.7 to v1.16.0$/],
    ['networks/hoodi.yaml', 'main: v1.16.0', 'main: v1.15.0', /^downgrade \(one-way\) .*its data schema goes from 2 to 1/],
    ['networks/hoodi.yaml', 'canary: v1.16.7, main: v1.16.0', 'canary: v1.16.0, main: v1.16.7', /downgrade .*,ring-order \(restart when fired\) geth v1.16.7 comes to ring main before ring canary, which has v1.16.0/],
  ] as const)('%s: %s, then %s', (file, from, to, said) => expect(changed(file, from, to).join()).toMatch(said));

  it('a rule that is tightened, since what runs comes back by it', () => {
    const loose = { ...FILES, 'settings.yaml': FILES['settings.yaml'].replace('requireDigest: true', 'requireDigest: false') };
    expect(declaredRules({ base: read(loose), head: read(FILES) }).map(({ code, risk }) => `${code} ${risk}`)).toEqual(['digest-required interrupting']);
  });

  it('not a newer agent of the same image, which the templates tell', () => expect(changed('settings.yaml', 'version: v1', 'version: v2')).toEqual([]));

  it('a schema that is edited along with the way back hides nothing', () => {
    const text = FILES['networks/hoodi.yaml'].replaceAll('dataSchema: 2', 'dataSchema: 1').replace('main: v1.16.0', 'main: v1.15.0');
    const said = declaredRules({ base: read(FILES), head: read({ ...FILES, 'networks/hoodi.yaml': text }) });
    expect(said.filter(({ risk }) => risk === 'one-way').map(({ code }) => code)).toEqual(['data-schema-edited', 'data-schema-edited', 'downgrade']);
  });

  it('not an upgrade, which the templates tell', () => expect(changed('networks/hoodi.yaml', 'main: v1.16.0', 'main: v1.16.7')).toEqual([]));
});
