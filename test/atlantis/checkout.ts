import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './fleets';
import type { PullRequest } from './server';

/** A repository of its own with what this one has, committed or not, as its main; and pull requests against it, merged into it, as Atlantis checks them out. */
export class Checkout {
  constructor(readonly folder: string) {}

  /**
   * @param beforeCommit changes what becomes main
   * @param paths what is taken of this repository, where a test needs less than all: each step clones it, and reads it byte by byte
   */
  init(beforeCommit: () => void = () => undefined, paths: readonly string[] = []): void {
    mkdirSync(this.folder, { recursive: true });
    const files = execFileSync('git', ['-C', ROOT, 'ls-files', '--cached', '--others', '--exclude-standard', '-z', '--deduplicate', '--', ...paths], { encoding: 'utf8' }).split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)) && !path.startsWith('test/golden/'));
    for (const path of files) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      copyFileSync(join(ROOT, path), join(this.folder, path));
    }
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', this.folder]);
    beforeCommit();
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'Main');
    // The steps ask the Git host what is merged: that is this repository's own main.
    this.git('remote', 'add', 'origin', '.');
    this.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-C', this.folder, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** A branch from main with one commit, as the merge checkout has it. */
  branch(name: string, change: () => void): PullRequest {
    this.git('checkout', '--quiet', '--force', '-B', name, 'main');
    this.git('clean', '--quiet', '-fdx');
    change();
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', name);
    return { checkout: this.folder, head: this.git('rev-parse', 'HEAD'), number: 7 };
  }
}
