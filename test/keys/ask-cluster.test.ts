import { describe, expect, it } from 'vitest';
import { askCluster } from '../../apps/keys/ask-cluster';
import { kubeOver } from '../../kube/kube';
import { Unreached } from '../../kube/transport';

/** What a server answers to everything. */
interface Said {
  readonly status?: number;
  readonly body: string;
}
const answers = ({ status = 200, body }: Said) => askCluster(kubeOver({ send: async () => ({ status, body: (async function* () { yield body; })() }), close: () => undefined }), 'hoodi');
const refuses = (code: number, reason: string): Said => ({ status: code, body: JSON.stringify({ kind: 'Status', status: 'Failure', reason, message: `says ${reason}`, code }) });
const EMPTY = JSON.stringify({ kind: 'List', metadata: { resourceVersion: '1' }, items: [] });

describe('a cluster that is asked about its signers', () => {
  it('has none where it answers with empty lists', async () => {
    expect(await answers({ body: EMPTY })).toEqual({ kind: 'read', reading: { statefulSets: [], revisions: [], configMaps: [], pods: [] } });
  });

  it('can not be reached where nobody answers', async () => {
    expect(await askCluster(kubeOver({ send: () => Promise.reject(new Unreached('the API server does not answer', 'dial tcp 10.0.0.1:443: i/o timeout', 'Wait.')), close: () => undefined }, {}), 'hoodi')).toMatchObject({ kind: 'unreachable', why: expect.stringContaining('i/o timeout') });
  });

  // None of these is an answer that there is nothing, nor that nobody is there, for which machines could stand in.
  it.each<[string, Said]>([
    ['no list', { body: '{}' }],
    ['nothing', { body: 'null' }],
    ['a status', { body: '{"kind":"Status","status":"Failure"}' }],
    ['items that are no list', { body: '{"items":{}}' }],
    ['the first part of a list, again and again', { body: '{"metadata":{"continue":"x"},"items":[]}' }],
    ['an object without a name', { body: '{"items":[{"metadata":{}}]}' }],
    ['a page', { body: '<html>' }],
    ['that it knows no such path', refuses(404, 'NotFound')],
    ['that we may not look', refuses(403, 'Forbidden')],
    ['that it does not know us', refuses(401, 'Unauthorized')],
  ])('is taken for reached, and for no proof, where it answers with %s', async (_what, said) => expect(await answers(said)).toMatchObject({ kind: 'refused' }));
});
