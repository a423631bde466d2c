import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { IDLE_MILLISECONDS, sendHttp, textOf } from './http';
import { kubeOver, type Kube, type KubeOptions } from './kube';
import { Unreached, type Transport } from './transport';

export interface InPodOptions extends KubeOptions {
  /** Where `token` and `ca.crt` of the pod's ServiceAccount are mounted. */
  readonly folder?: string;
  readonly host?: string;
  readonly port?: string;
}

const MOUNTED = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The API server of the cluster that this process is a pod of, by the token of its ServiceAccount ("Accessing the Kubernetes API from a Pod"). kubelet
 * replaces the token, and a control plane its CA, while the process runs: both are read for each request.
 */
export function inPod({ folder = MOUNTED, host = process.env['KUBERNETES_SERVICE_HOST'], port = process.env['KUBERNETES_SERVICE_PORT'], ...options }: InPodOptions = {}): Kube {
  return kubeOver(transport(folder, host, port), options);
}

function transport(folder: string, host: string | undefined, port: string | undefined): Transport {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MILLISECONDS });
  const mounted = (file: string): string => {
    try {
      return readFileSync(join(folder, file), 'utf8');
    } catch (error) {
      throw new Unreached(`${join(folder, file)} can't be read`, (error as Error).message, 'Let the pod mount the token of its ServiceAccount.');
    }
  };
  return {
    async send(request) {
      if (host === undefined || port === undefined) throw new Unreached('this process is in no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set', '', 'Run it in a pod, or name a kubeconfig.');
      const authorization = `Bearer ${mounted('token').trim()}`;
      try {
        const answer = await sendHttp(request, { secure: true, agent, host: host.replace(/^\[(.*)\]$/, '$1'), port, ca: mounted('ca.crt'), headers: { authorization } });
        return { status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'], body: textOf(answer) };
      } catch (error) {
        if (error instanceof Unreached || request.signal.aborted) throw error;
        const { code = '', message } = error as NodeJS.ErrnoException;
        const why = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY/.test(code) ? `the API server at ${host}:${port} is not the one that the mounted CA trusts` : `the API server at ${host}:${port} does not answer`;
        throw new Unreached(why, message, 'Wait and ask again; if it lasts, look at the control plane and at the NetworkPolicies of this pod.');
      }
    },
    close: () => agent.destroy(),
  };
}
