import { answeredError, KubeError } from './errors';

/** What happened to an object that is watched. */
export interface WatchEvent<T> {
  /** A bookmark holds nothing but the resourceVersion that was reached. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** One event a line. @throws KubeError where the server ends the watch with an error, most of all `gone` */
export async function* eventsOf<T>(request: string, body: AsyncIterable<string>): AsyncIterable<WatchEvent<T>> {
  let rest = '';
  for await (const piece of body) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield eventOf<T>(request, line);
  }
}

function eventOf<T>(request: string, line: string): WatchEvent<T> {
  let event: { readonly type?: string; readonly object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch {
    throw new KubeError('not-understood', { message: `${request} was not answered with events of Kubernetes`, next: 'Look who answers there.' });
  }
  if (event.type !== 'ERROR') return event as WatchEvent<T>;
  const { code = 500 } = (event.object ?? {}) as { readonly code?: number };
  throw answeredError(request, code, JSON.stringify(event.object));
}
