/** How one identity reaches one cluster. */
export interface Access {
  /** Path of a kubeconfig. @default - what kubectl finds by itself */
  readonly kubeconfig?: string;
  /** The program, or what stands for it. @default 'kubectl' */
  readonly kubectl?: string | ((args: readonly string[], input?: string) => Promise<Output>);
  /** How a person gets into the cluster, for whoever can't. @default - the page that says it of every cluster */
  readonly getIn?: () => string;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
