import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, linkSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** An image of one program and perhaps a few files, as a manifest names it. */
export interface ImageContent {
  readonly repository: string;
  readonly version: string;
  /** The program and its name in the image, found by the image's `PATH`. */
  readonly program: string;
  readonly as: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Images made on this machine, of the machine's own programs, since nothing can be pulled. */
export interface Images {
  /** Reference of the image that holds a pod's namespaces. */
  readonly pause: string;
  /** Archives for containerd to import. */
  readonly archives: readonly string[];
}

/**
 * Writes an image as an OCI archive that holds it under its tag and its digest, and returns the digest: manifests can pin it.
 * One layer, no shell, nothing else; the same content gives the same digest.
 */
export async function buildImage(folder: string, content: ImageContent): Promise<{ readonly archive: string; readonly digest: string }> {
  const work = join(folder, `${content.as}-${content.version}-${createHash('sha256').update(content.repository).digest('hex').slice(0, 8)}`);
  const blobs = join(work, 'layout', 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const layer = join(work, 'layer.tar');
  const root = join(work, 'root');
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  // The same file where that can be: programs are large.
  try {
    linkSync(content.program, join(root, 'usr/local/bin', content.as));
  } catch {
    copyFileSync(content.program, join(root, 'usr/local/bin', content.as));
  }
  for (const [path, text] of Object.entries(content.files ?? {})) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  await tar(root, layer);
  const layerDigest = await digestOf(layer);
  renameSync(layer, join(blobs, layerDigest));

  const blob = (value: object): { digest: string; size: number } => {
    const text = JSON.stringify(value);
    const digest = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, digest), text);
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
  };
  const config = blob({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/usr/local/bin'], Entrypoint: [content.as] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  });
  const manifest = blob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${layerDigest}`, size: statSync(join(blobs, layerDigest)).size }],
  });
  const named = (name: string): object => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...manifest,
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
  });
  writeFileSync(join(work, 'layout', 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(
    join(work, 'layout', 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [named(`${content.repository}:${content.version}`), named(`${content.repository}@${manifest.digest}`)] }),
  );
  const archive = `${work}.tar`;
  await tar(join(work, 'layout'), archive);
  rmSync(work, { recursive: true });
  return { archive, digest: manifest.digest };
}

async function tar(folder: string, file: string): Promise<void> {
  await promisify(execFile)('tar', ['--create', `--file=${file}`, `--directory=${folder}`, '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--hard-dereference', '--mode=u+rw,a+rX', '.']);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
