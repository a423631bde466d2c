import { asList, asMap, type Declarations } from '../../../model/keys/declarations';
import { compareReleases, ringsAhead } from '../../../model/release-order';
import type { Finding } from '../model';

/**
 * What a change edits of the fleet's own rules, which the rendered trees don't show: what the fleet's checks then judge by is what stands in the change. Nobody but a
 * reviewer holds these, so they are told.
 */
export function declaredRules({ base, head }: { readonly base: Declarations; readonly head: Declarations }): Finding[] {
  return [...settings(base, head), ...clusters(base, head), ...[...base.networks.keys()].filter((network) => head.networks.has(network)).flatMap((network) => ofNetwork(network, base, head))];
}

const say = (code: string, risk: Finding['risk'], subject: string, what: string, more: Partial<Finding> = {}): Finding => ({ section: 'exceptions', risk, code, what, cluster: 'the fleet', subject, ...more });

function settings(base: Declarations, head: Declarations): Finding[] {
  const [before, after] = [base, head].map(({ files }) => asMap(files.get('settings.yaml'))) as [Record<string, unknown>, Record<string, unknown>];
  const found: Finding[] = [];
  if (before['requireDigest'] === true && after['requireDigest'] !== true) found.push(say('digest-not-required', 'hardening', 'settings.yaml', 'images no longer need a digest: what a tag names can be exchanged'));
  // A pod is judged anew whenever it is made, also where its machine ended it: at the revision that it had, by the rules that there are by then.
  const tightened = (code: string, what: string): Finding => say(code, 'interrupting', 'settings.yaml', `${what}: a pod that ends before its node was fired is not made again at the revision that it had`, { next: 'Fire every node that it concerns first; then tighten the rule, in a change of its own.' });
  if (before['requireDigest'] !== true && after['requireDigest'] === true) found.push(tightened('digest-required', 'images need a digest'));
  const [registries, remaining] = [asList(before['registries']), asList(after['registries'])];
  for (const registry of registries.filter((one) => !remaining.includes(one))) found.push(tightened('registry-dropped', `images may no longer come from ${text(registry)}`));
  const [agent, nextAgent] = [before, after].map(({ agent: of }) => text(asMap(of)['image']));
  if (agent !== nextAgent) found.push(tightened('agent-image', `the agent's image is ${nextAgent}, no longer ${agent}`));
  for (const registry of remaining.filter((one) => !registries.includes(one))) found.push(say('registry-added', 'hardening', 'settings.yaml', `images may come from ${text(registry)}`));
  const limits = ({ limits: of }: Record<string, unknown>): string[] => asList(asMap(of)['concentration']).map(text);
  for (const limit of limits(before).filter((one) => !limits(after).includes(one))) found.push(say('limit-dropped', 'hardening', 'settings.yaml', `the limit on concentration ${limit} no longer holds`));
  for (const limit of limits(after).filter((one) => !limits(before).includes(one))) found.push(say('limit-added', 'harmless', 'settings.yaml', `a limit on concentration is new: ${limit}`));
  return found;
}

/** With keys placed in it this is refused (keys-cluster-moved); without, disks and addresses stay behind. */
function clusters(base: Declarations, head: Declarations): Finding[] {
  return [...base.clusters].flatMap(([cluster, was]) => {
    const is = head.clusters.get(cluster);
    if (is === undefined || JSON.stringify(is) === JSON.stringify(was)) return [];
    const place = ({ cloud, home, region }: typeof was): string => `${cloud} ${home} ${region}`;
    return [say('cluster-moved', 'data loss', cluster, `the cluster is declared elsewhere: from ${place(was)} to ${place(is)}; what runs there now is left behind, with its disks`, { cluster })];
  });
}

function ofNetwork(network: string, base: Declarations, head: Declarations): Finding[] {
  const file = `networks/${network}.yaml`;
  const [before, after] = [asMap(base.files.get(file)), asMap(head.files.get(file))];
  const changed = (key: string): boolean => text(before[key]) !== text(after[key]);
  const tell = (code: string, risk: Finding['risk'], what: string): Finding => say(code, risk, file, what, { network });
  const found: Finding[] = [];
  if (changed('chain')) found.push(tell('network-chain', 'second-signer risk', `the network is called another chain's: ${text(before['chain'])}, now ${text(after['chain'])}; its keys are read, and wait, by other rules`));
  if (changed('kind')) found.push(tell('network-kind', 'hardening', `the network is called ${text(after['kind'])}, no longer ${text(before['kind'])}`));
  if (changed('genesis')) found.push(tell('network-genesis', 'second-signer risk', 'another genesis: what its disks hold, signing state too, is of another chain'));
  if (changed('options')) found.push(tell('network-options', 'interrupting', `options change: ${text(before['options'])}, now ${text(after['options'])}`));
  if (changed('rings')) found.push(tell('rings-changed', 'restart when fired', `the order of rings changes: ${text(before['rings'])}, now ${text(after['rings'])}`));
  for (const [component, clients] of Object.entries(asMap(after['clients']))) {
    for (const [client, declared] of Object.entries(asMap(clients))) found.push(...releases(tell, client, asList(after['rings']), asMap(asMap(asMap(before['clients'])[component])[client]), asMap(declared)));
  }
  return found;
}

function releases(tell: (code: string, risk: Finding['risk'], what: string) => Finding, client: string, order: readonly unknown[], before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Finding[] {
  const schemas = (of: Readonly<Record<string, unknown>>): Map<unknown, unknown> => new Map(asList(of['releases']).map((release) => [asMap(release)['version'], asMap(release)['dataSchema']]));
  const [was, is] = [schemas(before), schemas(after)];
  const [ran, runs] = [asMap(before['rings']), asMap(after['rings'])];
  const found: Finding[] = [];
  // A schema is what a release does to a disk: to call it another makes a way back that is none.
  for (const [version, schema] of is) if (was.has(version) && was.get(version) !== schema) found.push(tell('data-schema-edited', 'one-way', `${client} ${text(version)} is said to have data schema ${text(schema)}, and was merged with ${text(was.get(version))}`));
  for (const [ring, version] of Object.entries(runs)) {
    const earlier = ran[ring];
    if (typeof earlier !== 'string' || typeof version !== 'string' || (compareReleases(version, earlier) ?? 0) >= 0) continue;
    const [from, to] = [was.get(earlier), was.get(version) ?? is.get(version)];
    const deep = typeof from === 'number' && typeof to === 'number' && to < from;
    found.push(tell('downgrade', deep ? 'one-way' : 'restart when fired', `${client} goes back in ring ${ring}, from ${earlier} to ${version}${deep ? `: its data schema goes from ${from} to ${to}, and the disk does not go with it` : ''}`));
  }
  if (text(before['rings']) === text(after['rings'])) return found;
  for (const { later, newer, earlier, older } of ringsAhead(order.filter((ring) => typeof ring === 'string'), (ring) => [runs[ring]].find((version) => typeof version === 'string'))) {
    found.push(tell('ring-order', 'restart when fired', `${client} ${newer} comes to ring ${later} before ring ${earlier}, which has ${older}`));
  }
  return found;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));
