import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { catalogue } from '../../chains';

/** How Renovate's regex manager reads and rewrites our network files (lib/modules/manager/custom/regex/strategies.ts, `recursive`), as a small model: it can't be run here. */
const ROOT = join(__dirname, '..', '..');
const manager = (JSON.parse(readFileSync(join(ROOT, 'renovate.json'), 'utf8')) as { customManagers: { matchStrings: [string, string]; autoReplaceStringTemplate: string }[] }).customManagers[0]!;
const [block, line] = manager.matchStrings.map((pattern) => new RegExp(pattern, 'g')) as [RegExp, RegExp];

interface Found {
  readonly at: number;
  readonly text: string;
  readonly groups: Readonly<Record<string, string | undefined>>;
}

const dependenciesOf = (text: string): Found[] =>
  [...text.matchAll(block)].flatMap((outer) => [...outer[0].matchAll(line)].map((inner) => ({ at: outer.index + inner.index, text: inner[0], groups: { ...outer.groups, ...inner.groups } })));

const templated = (values: Readonly<Record<string, string | undefined>>): string =>
  manager.autoReplaceStringTemplate
    .replaceAll(/\{\{#if (\w+)\}\}(.*?)\{\{\/if\}\}/g, (_all, name: string, inner: string) => (values[name] ? inner : ''))
    .replaceAll(/\{\{\{(\w+)\}\}\}/g, (_all, name: string) => values[name] ?? '');

/** Every client of a file at once, from the end so that places hold. */
const updated = (text: string, replacement: (found: Found) => string): string =>
  dependenciesOf(text).reduceRight((rest, found) => rest.slice(0, found.at) + replacement(found) + rest.slice(found.at + found.text.length), text);
const next = ({ groups }: Found): string => `${groups['currentValue']}9`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-renovate-'));
  cpSync(join(ROOT, 'fleet'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const networks = readdirSync(join(ROOT, 'fleet', 'networks'));
const errorsAfter = (replacement: (found: Found) => string): string[] => {
  for (const name of networks) writeFileSync(join(folder, 'networks', name), updated(readFileSync(join(ROOT, 'fleet', 'networks', name), 'utf8'), replacement));
  return checkFleetFolder(folder, catalogue).problems.filter(({ level }) => level === 'error').map(({ code }) => code);
};

it('finds each client of each network once, by its newest release', () => {
  for (const name of networks) {
    const text = readFileSync(join(ROOT, 'fleet', 'networks', name), 'utf8');
    expect(dependenciesOf(text).map(({ groups }) => groups['depName']), name).toEqual([...text.matchAll(/^\s+image: (\S+)/gm)].map(([, image]) => image));
  }
});

it('adds a release and leaves every ring what it runs; a second run finds the new one', () => {
  expect(errorsAfter((found) => templated({ ...found.groups, newValue: next(found) }))).toEqual([]);
  const was = checkFleetFolder(join(ROOT, 'fleet'), catalogue).fleet!;
  const { fleet } = checkFleetFolder(folder, catalogue);
  for (const { name, clients } of Object.values(was.networks)) {
    for (const [component, of] of Object.entries(clients)) {
      for (const [client, { rings, releases }] of Object.entries(of)) {
        const now = fleet!.networks[name]!.clients[component]![client]!;
        expect(now.rings).toEqual(rings);
        expect(now.releases).toEqual([...releases, { version: `${releases.at(-1)!.version}9`, dataSchema: releases.at(-1)!.dataSchema }]);
      }
    }
  }
  const text = readFileSync(join(folder, 'networks', 'osmosis.yaml'), 'utf8');
  expect(dependenciesOf(text).map(({ groups }) => groups['currentValue'])).toEqual(['31.0.29']);
});

it('pins the new release where the one before is pinned, which keeps its own digest', () => {
  const [digest, newDigest] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`);
  const pinned = `    geth:\n      image: docker.io/a/b\n      releases:\n        - { version: v1, digest: ${digest}, dataSchema: 2 }\n      rings: { main: v1 }\n`;
  const after = updated(pinned, (found) => templated({ ...found.groups, newValue: 'v2', newDigest }));
  expect(after).toBe(
    `    geth:\n      image: docker.io/a/b\n      releases:\n        - { version: "v1", digest: ${digest}, dataSchema: 2 }\n        - { version: "v2", digest: ${newDigest}, dataSchema: 2 }\n      rings: { main: v1 }\n`,
  );
  // Renovate reads its own writing again, and throws it away unless it finds what it meant to write (auto-replace.ts).
  expect(dependenciesOf(after)[0]!.groups).toMatchObject({ currentValue: 'v2', currentDigest: newDigest });
});

it('the control: rewritten in its place, as Renovate does without the template, the ring\'s release would be gone', () => {
  expect(errorsAfter((found) => found.text.replace(found.groups['currentValue']!, next(found))).length).toBeGreaterThan(0);
});
