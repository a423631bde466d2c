import type { ComponentName } from './component';

/** What an act does, told while it goes on: a command prints it, a program records it. */
export type ActEvent = { readonly component: ComponentName } & (
  | { readonly what: 'armed' | 'runs-what-was-applied' | 'firing' | 'starts' | 'stops' }
  | { readonly what: 'fired'; readonly revision: string | undefined }
  | { readonly what: 'held'; readonly why: string }
  | { readonly what: 'hold-lifted'; readonly why: string }
  | { readonly what: 'pod-ends' | 'pod-gone'; readonly pod: string }
);

export type OnEvent = (event: ActEvent) => void;

/** A line for a person. */
export function inWords(event: ActEvent): string {
  const { name } = event.component;
  switch (event.what) {
    case 'armed':
      return `${name} is armed`;
    case 'runs-what-was-applied':
      return `${name} runs what was applied`;
    case 'firing':
      return `firing ${name}`;
    case 'fired':
      return `${name} runs ${event.revision}, and is armed`;
    case 'held':
      return `${name} is held (${event.why})`;
    case 'stops':
      return `${name} is held and stops`;
    case 'hold-lifted':
      return `${name} is no longer held (${event.why})`;
    case 'starts':
      return `${name} starts`;
    case 'pod-ends':
      return `pod ${event.pod} ends`;
    case 'pod-gone':
      return `pod ${event.pod} is gone`;
  }
}
