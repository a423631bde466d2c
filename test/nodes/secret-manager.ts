import { createServer, type Server } from 'node:https';
import { createHash } from 'node:crypto';
import type { Api } from '../cluster/api';
import type { ControlPlane } from '../cluster/control-plane';
import { SECRET_MANAGER, serviceHost, SYSTEM_NAMESPACE } from '../../naming';

/** Where pods find it. */
export const SECRET_MANAGER_HOST = serviceHost(SECRET_MANAGER.service, SYSTEM_NAMESPACE);

/** A raw secret, and the service account that it is for. */
export interface KeptSecret {
  readonly raw: Buffer;
  /** As `<namespace>:<name>`. */
  readonly account: string;
}

/**
 * Stands in for the secret manager: it gives a raw secret to the service account that it is for, by a valid token for its audience, and
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

  private constructor(
    private readonly server: Server,
    private readonly api: Api,
    /** What an agent's image must carry. */
    readonly authority: string,
  ) {}

  static async start(controlPlane: ControlPlane, address: string): Promise<StandInSecretManager> {
    const { certificate, key, authority } = await controlPlane.serverCertificate([SECRET_MANAGER_HOST]);
    const server = createServer({ cert: certificate, key });
    const manager = new StandInSecretManager(server, controlPlane.admin, authority);
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', `https://${SECRET_MANAGER_HOST}`);
      manager.answer(url, request.headers.authorization).then(
        ({ status, body }) => response.writeHead(status).end(body),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(SECRET_MANAGER.port, address, resolve));
    return manager;
  }

  keep(source: string, secret: KeptSecret): void {
    this.secrets.set(source, secret);
  }

  /** @returns its checksum */
  publish(content: string): string {
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.contents.set(sha256, content);
    return sha256;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(url: URL, authorization: string | undefined): Promise<{ status: number; body?: Buffer | string }> {
    if (url.pathname === '/public') {
      const content = this.contents.get(url.searchParams.get('sha256') ?? '');
      return content === undefined ? { status: 404 } : { status: 200, body: content };
    }
    const asker = await this.askerOf(authorization?.replace(/^Bearer /, ''));
    if (asker === undefined) return { status: 401 };
    const source = url.searchParams.get('source') ?? '';
    const secret = this.secrets.get(source);
    if (secret === undefined) return { status: 404 };
    if (this.looksAtIdentity && asker.account !== secret.account) {
      this.refused.push({ source, account: asker.account });
      return { status: 403 };
    }
    this.handedOut.push({ source, pod: asker.pod });
    return { status: 200, body: secret.raw };
  }

  /** Who a token is of, if the cluster says that it is good for this audience. */
  private async askerOf(token: string | undefined): Promise<{ readonly account: string; readonly pod: string } | undefined> {
    if (token === undefined) return undefined;
    const { status } = await this.api.call<Review>('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [SECRET_MANAGER.audience] },
    });
    const { username = '', extra = {} } = status.user ?? {};
    if (status.authenticated !== true || !status.audiences?.includes(SECRET_MANAGER.audience)) return undefined;
    return { account: username.replace('system:serviceaccount:', ''), pod: extra['authentication.kubernetes.io/pod-uid']?.[0] ?? '' };
  }
}

interface Review {
  readonly status: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly user?: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  };
}
