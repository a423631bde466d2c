/** What every Kubernetes object has, as far as Stockade asks for it. Fields of a kind are typed where they are used. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
}

/** An object as the API server has it. */
export interface Live extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    /** The object's life: a new one of the same name has another. */
    readonly uid: string;
    /** Of this state: every write makes another. Absent in what is no real answer of a server. */
    readonly resourceVersion?: string;
    /** Of what is wanted: counted up by a change of `spec`. */
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly spec?: unknown;
}

/** Who owns which fields: "Server-Side Apply" of Kubernetes' documentation. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}
