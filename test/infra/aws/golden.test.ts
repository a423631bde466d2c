import { describe, expect, it } from 'vitest';
import { GOLDEN_STACKS, goldenStacks } from '../../golden/stacks';
import { readTree, treeDifferences } from '../../golden/trees';
import { synthesize } from '../stacks';
import { AWS_STACKS, stacks } from './clusters';

describe('the golden stacks of Amazon', () => {
  it('are what is committed (`npm run golden` rewrites them)', () => {
    const actual = goldenStacks('aws', stacks.files);
    for (const [path, text] of actual) expect(text.length, path).toBeGreaterThan(100);
    expect(treeDifferences(readTree(GOLDEN_STACKS.aws.folder), actual).join('\n')).toBe('');
  });

  it('come out the same, byte for byte, a second time', () => {
    expect(treeDifferences(stacks.files, synthesize().files).join('\n')).toBe('');
  });

  it('hold no path of this machine and no secret', () => {
    for (const { id } of AWS_STACKS) {
      expect(stacks.text(id), id).not.toContain(process.cwd());
      expect(stacks.text(id), id).not.toMatch(/AKIA[0-9A-Z]{16}|-----BEGIN|"(password|secret_key|access_key|token)":/);
    }
  });
});
