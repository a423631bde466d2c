import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject, Live } from '../../kube/objects';
import type { Request, Response } from '../../kube/transport';
import { FakeCluster, kindsOf } from './cluster';
import { World } from './world';

/** A fake cluster that several processes see: its world is in a file, read before each request and written after it. */
export class ClusterInFile extends FakeCluster {
  constructor(
    private readonly file: string,
    kinds?: ConstructorParameters<typeof FakeCluster>[0],
  ) {
    super(kinds, World.from(readFileSync(file, 'utf8')));
  }

  override async send(request: Request): Promise<Response> {
    this.world = World.from(readFileSync(this.file, 'utf8'));
    const response = await super.send(request);
    writeFileSync(this.file, JSON.stringify(this.world));
    return response;
  }
}

/** A fake cluster and a stand-in for kubectl that leads to it, for programs that a test starts. */
export class StandInCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'stockade-stand-in-'));
  /** What stands for kubectl. */
  readonly program = join(this.folder, 'kubectl');
  readonly kube;
  private readonly file = join(this.folder, 'world.json');

  /** @param served objects of all kinds that the cluster serves */
  constructor(served: readonly KubeObject[]) {
    writeFileSync(this.file, JSON.stringify(new FakeCluster().world));
    const kinds = join(this.folder, 'kinds.json');
    writeFileSync(kinds, JSON.stringify(kindsOf(served)));
    writeFileSync(this.program, `#!/bin/sh\nexec "${process.execPath}" --require "${require.resolve('tsx/cjs')}" "${join(__dirname, 'stand-in-kubectl.ts')}" "${this.file}" "${kinds}" "$@"\n`);
    chmodSync(this.program, 0o755);
    this.kube = new ClusterInFile(this.file, kindsOf(served)).kube();
  }

  get objects(): readonly Live[] {
    return World.from(readFileSync(this.file, 'utf8')).objects;
  }

  put(...objects: readonly KubeObject[]): void {
    const world = World.from(readFileSync(this.file, 'utf8'));
    for (const object of objects) world.save(object);
    writeFileSync(this.file, JSON.stringify(world));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
