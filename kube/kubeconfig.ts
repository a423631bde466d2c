import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answeredError, KubeError } from './errors';
import { IDLE_MILLISECONDS, sendHttp, textOf } from './http';
import { kubeOver, type Kube, type KubeOptions } from './kube';
import { Unreached, type Request, type Response, type Transport } from './transport';
import { whyUnreached } from './unreached';

export interface KubeconfigOptions extends KubeOptions {
  /** Path of a kubeconfig. @default - what kubectl finds by itself */
  readonly kubeconfig?: string;
  /** The program. @default 'kubectl' */
  readonly kubectl?: string;
  /** How a person gets into the cluster, for whoever can't. @default - the page that says it of every cluster */
  readonly getIn?: () => string;
}

const GET_IN = 'Get a kubeconfig of the cluster, and name it with --kubeconfig: docs/runbooks/get-in.md says who may, and how.';

/**
 * The API server that a kubeconfig leads to. `kubectl proxy` holds the connection, so every way in that kubectl knows is known here (the clouds' programs
 * for credentials, proxies, certificates), and what the server answers arrives as it is. It listens on a socket in a folder that nobody else can enter, is
 * started by the first request, and ends with this process, however that ends.
 */
export const fromKubeconfig = ({ kubeconfig, kubectl = 'kubectl', getIn = () => GET_IN, ...options }: KubeconfigOptions): Kube => kubeOver(new ThroughKubectl(kubeconfig, kubectl, getIn), options);

class ThroughKubectl implements Transport {
  private proxy: Promise<Proxy> | undefined;
  private readonly agent = new Agent({ keepAlive: true, timeout: IDLE_MILLISECONDS });

  constructor(
    private readonly kubeconfig: string | undefined,
    private readonly kubectl: string,
    private readonly getIn: () => string,
  ) {}

  async send(request: Request): Promise<Response> {
    const { socketPath } = await this.started();
    let answer: IncomingMessage;
    try {
      answer = await sendHttp(request, { socketPath, agent: this.agent, headers: { host: 'localhost' } });
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw this.unreached((error as Error).message);
    }
    const { statusCode: status = 0, headers } = answer;
    // What kubectl itself says has no mark of an API server, which gives every answer an audit id.
    if (status === 500 && headers['audit-id'] === undefined && (headers['content-type'] ?? '').startsWith('text/plain')) throw this.unreached(await all(textOf(answer)));
    if (status === 401) {
      const { words } = answeredError(request.path, status, await all(textOf(answer)));
      const { why, said, next } = this.unreached(`Error from server (Unauthorized): ${words}`);
      throw new KubeError('unauthorized', { message: why, detail: said, next }, { status, words });
    }
    return { status, retryAfter: headers['retry-after'], body: textOf(answer) };
  }

  close(): void {
    this.agent.destroy();
    void this.proxy?.then(({ end }) => end(), () => undefined);
    this.proxy = undefined;
  }

  private started(): Promise<Proxy> {
    if (this.kubeconfig !== undefined && !existsSync(this.kubeconfig)) throw new Unreached(`there is no kubeconfig ${this.kubeconfig}`, '', this.getIn());
    const forget = (): void => void (this.proxy = undefined);
    this.proxy ??= startProxy(this.kubectl, this.kubeconfig, forget).catch((error: unknown) => {
      forget();
      throw error instanceof ProxyEnded ? (error.code === NO_PROGRAM ? new Unreached(`"${this.kubectl}" is not there`, '', 'Install kubectl, or put it on the PATH.') : this.unreached(error.message)) : error;
    });
    return this.proxy;
  }

  private unreached(said: string): Unreached {
    return new Unreached(`${whyUnreached(said)}${this.kubeconfig === undefined ? '' : ` (kubeconfig ${this.kubeconfig})`}`, said.trim(), this.getIn());
  }
}

interface Proxy {
  readonly socketPath: string;
  readonly end: () => void;
}

class ProxyEnded extends Error {
  constructor(readonly code: number | null, said: string) {
    super(said);
  }
}

/** What a shell ends with where there is no such program. */
const NO_PROGRAM = 127;
const START_SECONDS = 30;

/**
 * The shell ends kubectl and removes the folder when its standard input ends, so also when this process is killed. Both are in a session of their
 * own: Ctrl-C and a closed terminal are meant for this process, which may have to arm a node before it ends.
 */
const KEEPER = 'exec 3<&0; "$@" </dev/null 3<&- & proxy=$!; (cat <&3; kill "$proxy"; rm -rf -- "$0") >/dev/null 2>&1 & wait "$proxy"';

function startProxy(kubectl: string, kubeconfig: string | undefined, onEnd: () => void): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-kube-'));
  const socketPath = join(folder, 'api');
  const args = [...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]), 'proxy', `--unix-socket=${socketPath}`];
  const child = spawn('/bin/sh', ['-c', KEEPER, folder, kubectl, ...args], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const end = (): void => {
    child.stdin.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => {
      end();
      reject(new ProxyEnded(null, `kubectl proxy did not start within ${START_SECONDS} s: i/o timeout`));
    }, START_SECONDS * 1000);
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (said = `${said}${piece}`.slice(-10_000)));
    child.stdout.setEncoding('utf8').on('data', () => {
      clearTimeout(late);
      unref(child);
      resolve({ socketPath, end });
    });
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(late);
      onEnd();
      end();
      // Its last words may come after it.
      setImmediate(() => reject(new ProxyEnded(code, said)));
    });
  });
}

/** It doesn't keep a command from ending that has nothing left to do. */
function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
}

async function all(body: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of body) text += piece;
  return text;
}
