import { expect, it } from 'vitest';
import type { Live } from '../../kube/objects';
import type { LiveObject } from './api';
import { changesOf } from './unchanged';

const PATH = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/a';

/** A policy as it was applied, before any controller has looked at it. */
const applied = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: {
    name: 'a',
    uid: 'u',
    resourceVersion: '10',
    generation: 1,
    creationTimestamp: '2026-11-30T12:00:00Z',
    labels: { owner: 'staking' },
    managedFields: [{ manager: 'stockade', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:failurePolicy': {} } } }],
  },
  spec: { failurePolicy: 'Fail' },
} satisfies Live & LiveObject;

const changes = (after: LiveObject): string[] => changesOf({ [PATH]: applied }, { [PATH]: after });

it('takes what controllers write, late as it may be, for no change', () => {
  const looked = {
    ...applied,
    metadata: {
      ...applied.metadata,
      resourceVersion: '27',
      managedFields: [...applied.metadata.managedFields, { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': {} } }],
    },
    status: { observedGeneration: 1, typeChecking: {} },
  };
  expect(looked.metadata.resourceVersion).not.toBe(applied.metadata.resourceVersion);
  expect(changes(looked)).toEqual([]);
});

it.each([
  ['a field of the spec', { ...applied, spec: { failurePolicy: 'Ignore' } }, 'spec.failurePolicy'],
  ['a field that is new', { ...applied, spec: { failurePolicy: 'Fail', variables: [] } }, 'spec.variables'],
  ['a label', { ...applied, metadata: { ...applied.metadata, labels: { owner: 'nobody' } } }, 'metadata.labels.owner'],
  ['an annotation', { ...applied, metadata: { ...applied.metadata, annotations: { a: 'b' } } }, 'metadata.annotations'],
  ['data beside the spec', { ...applied, data: { a: 'b' } }, 'data'],
  ['another object of the same name', { ...applied, metadata: { ...applied.metadata, uid: 'v' } }, 'metadata.uid'],
  ['a field that the applier no longer owns', { ...applied, metadata: { ...applied.metadata, managedFields: [{ ...applied.metadata.managedFields[0], fieldsV1: {} }] } }, 'ownership'],
])('notices %s', (_what, after, difference) => {
  expect(changes(after as LiveObject)).toEqual([`${PATH}: ${difference}`]);
});

it('notices an object that is gone, and one that is new', () => {
  expect(changesOf({ [PATH]: applied }, {})).toEqual([`${PATH}: is gone`]);
  expect(changesOf({}, { [PATH]: applied })).toEqual([`${PATH}: is new`]);
});
