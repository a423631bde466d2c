/**
 * One rule of admission, once in CEL (Common Expression Language, as Kubernetes 1.30 and later speak it), from which both a
 * native ValidatingAdmissionPolicy and a Gatekeeper ConstraintTemplate are rendered.
 *
 * Every expression may use `object`, `oldObject`, `request`, `namespaceObject` and `variables.<name>`: the policy's own and the shared
 * ones of `vocabulary.ts`. It must hold for whatever {@link Policy.resources} sends it: on DELETE `object` is null, on CREATE
 * `oldObject` is; a `Scale` has no labels. A field that may be missing is read by `.?field.orValue(...)`; an expression that fails refuses.
 */
export interface Policy {
  /** Of the rule and of the objects rendered of it, in kebab-case. */
  readonly name: string;
  /** What it keeps from happening, in a sentence. */
  readonly purpose: string;
  /** `protected`: in namespaces labelled as holding staking nodes. `cluster`: wherever the object is, or in no namespace. */
  readonly scope: 'protected' | 'cluster';
  readonly resources: readonly ResourceRule[];
  /** What narrows it to some of these requests; `variables` are not known here. */
  readonly when?: string;
  /** `object`: the rule is about what is stored, so an audit can find it broken. `request`: about who does what. */
  readonly judges: 'object' | 'request';
  /**
   * Paths of all that its validations of an `object` read there: an update that leaves them as they were, and starts nothing, is not held to
   * them (`kept.ts`). Replicas and the partition are none: they may fall, and be armed, whatever else is wrong.
   */
  readonly shape?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly validations: readonly Validation[];
  /** Why Gatekeeper leaves it to the native policy. Default: both hold it. */
  readonly nativeOnly?: string;
}

/** A rule as its file says it; its name is that of the list in `rules/`. */
export type Rule = Omit<Policy, 'name'>;

export interface Validation {
  /** True where the request may pass. */
  readonly expression: string;
  /** CEL of a string without line breaks: what is refused, why, and what to do instead. */
  readonly message: string;
  /** @default as the policy */
  readonly judges?: Policy['judges'];
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface ResourceRule {
  readonly group: string;
  /** Plural names; `pods/eviction` is a subresource. */
  readonly resources: readonly string[];
  readonly operations: readonly Operation[];
}

/** CEL literals. */
export const celString = (text: string): string => JSON.stringify(text);
export const celList = (texts: readonly string[]): string => `[${texts.map(celString).join(', ')}]`;
export const celMap = (entries: Readonly<Record<string, readonly string[]>>): string =>
  `{${Object.entries(entries)
    .map(([key, values]) => `${celString(key)}: ${celList(values)}`)
    .join(', ')}}`;

/** A message without values. */
export const say = celString;
