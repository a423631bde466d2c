import { describe, expect, it } from 'vitest';
import { validateObject } from './kubernetes-schema';

const pod = (container: object, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x', labels: { any: 'label' }, annotations: { 'any/annotation': 'yes' } },
  spec: { containers: [{ name: 'client', image: 'a/b:1', ...container }], ...spec },
});

describe('validateObject', () => {
  it('accepts fields of all shapes: maps, quantities, int-or-string, native sidecars', () => {
    expect(
      validateObject(
        pod(
          {
            resources: { requests: { cpu: '500m', memory: 1024 }, limits: { memory: '1Ki' } },
            livenessProbe: { httpGet: { port: 'health', path: '/live' } },
            readinessProbe: { httpGet: { port: 8080, path: '/ready' } },
            securityContext: { capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
          },
          {
            initContainers: [{ name: 'agent', image: 'a/b:1', restartPolicy: 'Always' }],
            nodeSelector: { any: 'label' },
            volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'x' } }] } }],
          },
        ),
      ),
    ).toEqual([]);
  });

  it.each([
    ['of the object', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' }, sepc: {} }, '/sepc: unknown field'],
    ['of metadata', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', lables: {} } }, '/metadata/lables: unknown field'],
    ['of a container', pod({ imagePullpolicy: 'Always' }), '/spec/containers/0/imagePullpolicy: unknown field'],
    ['of an empty object inside', pod({ securityContext: { readonlyRootFilesystem: true } }), '/spec/containers/0/securityContext/readonlyRootFilesystem: unknown field'],
  ])('reports an unknown field %s', (_, object, problem) => {
    expect(validateObject(object)).toEqual([problem]);
  });

  it.each([
    ['a wrong type', pod({ stdin: 'yes' }), '/spec/containers/0/stdin: type {"type":"boolean"}'],
    ['a missing field', pod({ ports: [{ name: 'p2p' }] }), '/spec/containers/0/ports/0: required {"missingProperty":"containerPort"}'],
    [
      'a value outside an enumeration',
      pod({ imagePullPolicy: 'Sometimes' }),
      '/spec/containers/0/imagePullPolicy: enum {"allowedValues":["Always","IfNotPresent","Never"]}',
    ],
  ])('reports %s', (_, object, problem) => {
    expect(validateObject(object)).toContain(problem);
  });

  it('does not pass what it can not judge', () => {
    expect(validateObject({ apiVersion: 'example.com/v1', kind: 'Thing' })).toEqual(['no schema for example.com/v1 Thing']);
    expect(validateObject({ kind: 'Pod' })).toEqual(['not a Kubernetes object: apiVersion and kind must be strings']);
    expect(validateObject(undefined)).toEqual(['not a Kubernetes object: apiVersion and kind must be strings']);
  });
});
