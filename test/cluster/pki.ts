import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Who a client certificate says one is: Kubernetes takes the common name for the user and organizations for groups. */
export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority of one test cluster, made by openssl: Node can read certificates, not make them. */
export class Authority {
  readonly certificateFile: string;

  private constructor(private readonly folder: string) {
    this.certificateFile = join(folder, 'ca.crt');
  }

  static async create(folder: string): Promise<Authority> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(
      join(folder, 'ca.cnf'),
      '[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\n[dn]\nCN = stockade test cluster\n[ext]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n',
    );
    newKey(join(folder, 'ca.key'));
    await openssl(['req', '-x509', '-new', '-sha256', '-config', join(folder, 'ca.cnf'), '-key', join(folder, 'ca.key'), '-days', DAYS, '-out', join(folder, 'ca.crt')]);
    return new Authority(folder);
  }

  /** The authority that was created in this folder. */
  static open(folder: string): Authority {
    return new Authority(folder);
  }

  get certificate(): string {
    return readFileSync(this.certificateFile, 'utf8');
  }

  /** A certificate by which somebody asks. */
  client({ user, groups }: Subject): Promise<Certificate> {
    return this.issue([...groups.map((group) => `O=${escaped(group)}`), `CN=${escaped(user)}`], 'extendedKeyUsage = clientAuth');
  }

  /** A certificate of a server on the loopback address. */
  server(names: readonly string[]): Promise<Certificate> {
    return this.issue(['CN=kube-apiserver'], `extendedKeyUsage = serverAuth\nsubjectAltName = IP:127.0.0.1, ${names.map((name) => `DNS:${name}`).join(', ')}`);
  }

  private async issue(subject: readonly string[], extensions: string): Promise<Certificate> {
    const base = join(this.folder, randomBytes(8).toString('hex'));
    const key = `${base}.key`;
    newKey(key);
    writeFileSync(`${base}.ext`, `basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n${extensions}\n`);
    await openssl(['req', '-new', '-sha256', '-config', join(this.folder, 'ca.cnf'), '-key', key, '-subj', `/${subject.join('/')}`, '-out', `${base}.csr`]);
    await openssl([
      ...['x509', '-req', '-sha256', '-in', `${base}.csr`, '-CA', this.certificateFile, '-CAkey', join(this.folder, 'ca.key')],
      ...['-set_serial', `0x01${randomBytes(8).toString('hex')}`, '-days', DAYS, '-extfile', `${base}.ext`, '-out', `${base}.crt`],
    ]);
    return { certificate: readFileSync(`${base}.crt`, 'utf8'), key: readFileSync(key, 'utf8') };
  }
}

/** The pair that signs service account tokens. */
export function tokenKeys(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
}

/** A cluster lives for minutes, or for a few days under somebody's hands. */
const DAYS = '30';

function newKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  writeFileSync(file, privateKey, { mode: 0o600 });
}

async function openssl(args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args);
}

/** `/` and `+` divide a subject in openssl's notation. */
const escaped = (value: string): string => value.replaceAll(/[\\/+]/g, '\\$&');
