import { describe, expect, it } from 'vitest';
import { exampleStacks, synthesize } from '../infra/stacks';
import { GOLDEN_STACKS, goldenStacks, readTree, treeDifferences } from './trees';

describe('the Terraform of one cluster for each cloud', () => {
  const { files, stacks } = exampleStacks();

  it('is the committed one (`npm run golden` rewrites it)', () => {
    expect(treeDifferences(readTree(GOLDEN_STACKS.folder), goldenStacks(files, stacks)).join('\n')).toBe('');
  });

  it('is every stack of each of these clusters', () => {
    expect(goldenStacks(files, stacks).size).toBe(4 * GOLDEN_STACKS.clusters.length);
  });

  it('is the same, byte for byte, whenever it is made', () => {
    expect(treeDifferences(files, synthesize().files)).toEqual([]);
  });

  it('names no folder of the machine that made it, and holds nothing that looks like a secret', () => {
    for (const [path, text] of files) {
      expect(text, path).not.toContain(process.cwd());
      expect(text, path).not.toMatch(/"(\/home|\/root|\/tmp|\/Users|\/work)\//);
      expect(text, path).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|"(password|root_password|secret_key|private_key)":/);
    }
  });
});
