import { describe, expect, it } from 'vitest';
import { nearest } from '../../model/errors';
import { compareReleases } from '../../model/release-order';

describe('which release is the newer', () => {
  it.each([
    ['v1.16.7', 'v1.16.10', -1],
    ['v1.17.0', 'v1.16.10', 1],
    ['1.39.3', '1.39.3', 0],
    ['stable2509', 'stable2506-2', 1],
    ['stable2509-1', 'stable2509', 1],
    ['multiarch-v26.7.0', 'multiarch-v25.12.0', 1],
  ])('%s, %s', (first, second, sign) => {
    expect(Math.sign(compareReleases(first, second)!)).toBe(sign);
    expect(Math.sign(compareReleases(second, first)!) + 0).toBe(-sign + 0);
  });

  it.each([
    ['v1.15.0-fuji', 'v1.14.2'],
    ['v1.0.0-rc1', 'v1.0.0'],
    ['latest', 'v1.0.0'],
    ['stable2509', 'v1.0.0'],
  ])('%s and %s are not ordered by their names', (first, second) => expect(compareReleases(first, second)).toBeUndefined());
});

describe('did you mean', () => {
  it('the one that is nearest', () => expect(nearest('runing', ['running', 'retired', 'stopped'])).toBe('running'));
  it('nothing where several are as near', () => {
    expect(nearest('gke-europe-west2', ['gke-europe-west1', 'gke-europe-west4'])).toBeUndefined();
    expect(nearest('gke-europe-west1', ['gke-europe-west1', 'gke-europe-west4'])).toBe('gke-europe-west1');
  });
  it('the same candidate twice is one', () => expect(nearest('gethh', ['geth', 'geth'])).toBe('geth'));
});
