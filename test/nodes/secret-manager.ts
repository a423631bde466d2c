import { createServer, type Server } from 'node:https';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Api } from '../cluster/api';
import type { ControlPlane } from '../cluster/control-plane';
import { readMessage, UnreadableMessage, type Message } from '../../contract/messages';
import { EXCHANGES, REFUSALS, type ExchangeName, type RefusalCode } from '../../contract/wire';
import { SECRET_MANAGER, serviceHost, SYSTEM_NAMESPACE } from '../../naming';

/** Where pods find it. */
export const SECRET_MANAGER_HOST = serviceHost(SECRET_MANAGER.service, SYSTEM_NAMESPACE);

/** A raw secret, and the service account that it is for. */
export interface KeptSecret {
  readonly raw: Buffer;
  /** As `<namespace>:<name>`. */
  readonly account: string;
}

/** Who a token is of. */
export interface Asker {
  readonly account: string;
  readonly pod: string;
}

/** What is asked, and what is answered: HTTP without its connection. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly body: string;
}
export interface Answered {
  readonly status: number;
  readonly body: string;
}

/**
 * Stands in for the secret manager, to `contract/wire.ts`: it gives a raw secret to the service account that it is for, by a valid token for its audience, and
 * public content to whoever asks by checksum. It knows no claims: that a key goes to one holder at a time is what the real one is for.
 */
export class StandInSecretManager {
  /** What was handed out: secret, then the pods that got it. */
  readonly handedOut: { readonly source: string; readonly pod: string }[] = [];
  /** What was asked for by somebody whom it is not for. */
  readonly refused: { readonly source: string; readonly account: string }[] = [];
  /** Taken away to show what it holds: whether the account matters. */
  looksAtIdentity = true;
  private readonly secrets = new Map<string, KeptSecret>();
  private readonly contents = new Map<string, string>();

  /** @param askerOf says who a token is of, if it is good for this audience */
  constructor(private readonly askerOf: (token: string) => Promise<Asker | undefined>) {}

  keep(source: string, secret: KeptSecret): void {
    this.secrets.set(source, secret);
  }

  /** @returns its checksum */
  publish(content: string): string {
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.contents.set(sha256, content);
    return sha256;
  }

  async answer(asked: Asked): Promise<Answered> {
    const exchange = (Object.keys(EXCHANGES) as ExchangeName[]).find((name) => EXCHANGES[name].path === asked.path);
    if (exchange === undefined || asked.method !== 'POST') return refused('unknownRequest', 'There is no such request');
    try {
      return await (exchange === 'secret' ? this.secret(asked) : this.public(asked));
    } catch (error) {
      return error instanceof UnreadableMessage ? refused('malformed', printable(error.message)) : refused('failed', 'The request could not be judged');
    }
  }

  private async secret({ token, body }: Asked): Promise<Answered> {
    const { source } = readMessage('secret-request', body);
    const asker = token === undefined ? undefined : await this.askerOf(token);
    if (asker === undefined) return refused('unauthenticated', 'There is no token that is good for this audience');
    const secret = this.secrets.get(source);
    if (secret === undefined) return refused('notFound', 'There is no such secret');
    if (this.looksAtIdentity && asker.account !== secret.account) {
      this.refused.push({ source, account: asker.account });
      return refused('forbidden', 'The secret is for another service account');
    }
    this.handedOut.push({ source, pod: asker.pod });
    return { status: 200, body: JSON.stringify({ secret: secret.raw.toString('base64') } satisfies Message<'secret-answer'>) };
  }

  private async public({ body }: Asked): Promise<Answered> {
    const content = this.contents.get(readMessage('public-request', body).sha256);
    return content === undefined ? refused('notFound', 'There is no content of this checksum') : { status: 200, body: content };
  }
}

const refused = (code: RefusalCode, message: string): Answered => ({ status: REFUSALS[code], body: JSON.stringify({ error: { code, message } } satisfies Message<'refusal'>) });
/** What a stranger sent as the name of a member may be anything. */
const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?').slice(0, 500);

/** The stand-in behind TLS, where pods find it. */
export class ServedSecretManager extends StandInSecretManager {
  private constructor(
    private readonly server: Server,
    api: Api,
    /** What an agent's image must carry. */
    readonly authority: string,
  ) {
    super((token) => reviewed(api, token));
  }

  static async start(controlPlane: ControlPlane, address: string): Promise<ServedSecretManager> {
    const { certificate, key, authority } = await controlPlane.serverCertificate([SECRET_MANAGER_HOST]);
    const server = createServer({ cert: certificate, key });
    const manager = new ServedSecretManager(server, controlPlane.admin, authority);
    server.on('request', (request, response) => {
      text(request)
        .then((body) => manager.answer({ method: request.method ?? '', path: request.url ?? '', token: request.headers.authorization?.replace(/^Bearer /, ''), body }))
        .then(
          ({ status, body }) => response.writeHead(status).end(body),
          () => response.writeHead(500).end(),
        );
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(SECRET_MANAGER.port, address, resolve));
    return manager;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** Who a token is of, if the cluster says that it is good for this audience. */
async function reviewed(api: Api, token: string): Promise<Asker | undefined> {
  const { status } = await api.call<Review>('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [SECRET_MANAGER.audience] },
  });
  const { username = '', extra = {} } = status.user ?? {};
  if (status.authenticated !== true || !status.audiences?.includes(SECRET_MANAGER.audience)) return undefined;
  return { account: username.replace('system:serviceaccount:', ''), pod: extra['authentication.kubernetes.io/pod-uid']?.[0] ?? '' };
}

interface Review {
  readonly status: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly user?: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  };
}
