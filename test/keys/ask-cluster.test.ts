import { describe, expect, it } from 'vitest';
import { askCluster } from '../../apps/keys/ask-cluster';
import type { Output } from '../../apps/deploy/access';

const answers = (said: Partial<Output>) => askCluster({ kubectl: async () => ({ code: 0, stdout: '', stderr: '', ...said }) }, 'hoodi');
const EMPTY = JSON.stringify({ kind: 'List', metadata: { resourceVersion: '1' }, items: [] });

describe('a cluster that is asked about its signers', () => {
  it('has none where it answers with empty lists', async () => {
    expect(await answers({ stdout: EMPTY })).toEqual({ kind: 'read', reading: { statefulSets: [], revisions: [], configMaps: [], pods: [] } });
  });

  it('can not be reached where nobody answers', async () => {
    expect(await answers({ code: 1, stderr: 'Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout' })).toMatchObject({ kind: 'unreachable', why: expect.stringContaining('i/o timeout') });
  });

  // None of these is an answer that there is nothing, nor that nobody is there, for which machines could stand in.
  it.each<[string, Partial<Output>]>([
    ['no list', { stdout: '{}' }],
    ['nothing', { stdout: 'null' }],
    ['a status', { stdout: '{"kind":"Status","status":"Failure"}' }],
    ['items that are no list', { stdout: '{"items":{}}' }],
    ['the first part of a list', { stdout: '{"metadata":{"continue":"x"},"items":[]}' }],
    ['an object without a name', { stdout: '{"items":[{"metadata":{}}]}' }],
    ['a page', { stdout: '<html>' }],
    ['that it knows no such path', { code: 1, stderr: 'Error from server (NotFound): the server could not find the requested resource' }],
    ['that we may not look', { code: 1, stderr: 'Error from server (Forbidden): statefulsets.apps is forbidden: User "plan" cannot list' }],
    ['that it does not know us', { code: 1, stderr: 'error: You must be logged in to the server (Unauthorized)' }],
  ])('is taken for reached, and for no proof, where it answers with %s', async (_what, said) => expect(await answers(said)).toMatchObject({ kind: 'refused' }));
});
