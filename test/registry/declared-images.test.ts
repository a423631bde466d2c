import { describe, expect, it } from 'vitest';
import { declaredImages, LayoutError, withDigests } from '../../apps/registry/declared-images';
import { networkOf } from './run-pin';

const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const path = (index: number): (string | number)[] => ['clients', 'execution', 'geth', 'releases', index];
const added = (before: string, after: string): string[] => {
  const rest = before.split('\n');
  return after.split('\n').filter((line) => (rest[0] === line ? (rest.shift(), false) : true));
};

describe('writing digests', () => {
  const text = networkOf('docker.io/ethereum/client-go', ['v2', 'v1']);

  it('adds lines, each below its version and as deep, and touches nothing else', () => {
    const after = withDigests(text, [{ path: path(1), digest: digest('b') }, { path: path(0), digest: digest('a') }]);
    expect(added(text, after)).toEqual([`          digest: ${digest('a')}`, `          digest: ${digest('b')}`]);
    expect(after).toContain(`        - version: "v2"   # see the changelog\n          digest: ${digest('a')}\n          dataSchema: 1\n`);
  });

  it('keeps Windows line endings, and a file without a last newline', () => {
    const windows = text.replaceAll('\n', '\r\n');
    expect(withDigests(windows, [{ path: path(0), digest: digest('a') }])).toBe(withDigests(text, [{ path: path(0), digest: digest('a') }]).replaceAll('\n', '\r\n'));
    expect(withDigests('agent:\n  image: a/b\n  version: v1', [{ path: ['agent'], digest: digest('a') }])).toBe(`agent:\n  image: a/b\n  version: v1\n  digest: ${digest('a')}`);
  });

  it('extends a map written on one line in place', () => {
    expect(withDigests('agent: { image: a/b, version: v1 } # x\n', [{ path: ['agent'], digest: digest('a') }])).toBe(
      `agent: { image: a/b, version: v1, digest: ${digest('a')} } # x\n`,
    );
  });

  it.each([
    ['an explicit key', 'agent:\n  ? version\n  : v1\n  image: a/b\n'],
    ['a version over two lines', 'agent:\n  version: "v\\\n    1"\n  image: a/b\n'],
    ['no version', 'agent:\n  image: a/b\n'],
    ['an agent that is no map', 'agent: none\n'],
  ])('gives the right file or refuses: %s', (_, odd) => {
    let after: string | undefined;
    try {
      after = withDigests(odd, [{ path: ['agent'], digest: digest('a') }]);
    } catch (error) {
      expect(error).toBeInstanceOf(LayoutError);
    }
    if (after !== undefined) expect(added(odd, after)).toEqual([`  digest: ${digest('a')}`]);
  });
});

describe('reading what is declared', () => {
  it('finds each release with its place', () => {
    const { images, problems } = declaredImages({ name: 'networks/hoodi.yaml', text: networkOf('docker.io/ethereum/client-go', ['v2', 'v1']) });
    expect(problems).toEqual([]);
    expect(images.map(({ owner, image, version, place }) => ({ owner, image, version, place }))).toEqual(
      [['v2', 12], ['v1', 14]].map(([version, line]) => ({
        owner: { kind: 'client', network: 'hoodi', component: 'execution', client: 'geth' },
        image: 'docker.io/ethereum/client-go',
        version,
        place: { file: 'networks/hoodi.yaml', line, column: 20 },
      })),
    );
  });

  it('names what it can not read by its place', () => {
    expect(declaredImages({ name: 'networks/hoodi.yaml', text: 'chain: [\n' }).problems[0]).toMatchObject({ code: 'yaml-syntax', places: [{ file: 'networks/hoodi.yaml' }] });
    const misspelt = networkOf('docker.io/ethereum/client-go', ['v1']).replace('keyMoveWaitMinutes', 'keyMoveWaitMinute');
    expect(declaredImages({ name: 'networks/hoodi.yaml', text: misspelt }).problems).toContainEqual(
      expect.objectContaining({ code: 'unknown-key', value: 'keyMoveWaitMinute', suggestion: 'keyMoveWaitMinutes', places: [{ file: 'networks/hoodi.yaml', line: 4, column: 1 }] }),
    );
  });
});
