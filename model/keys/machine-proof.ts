/** A machine that a cloud said is gone for good, as the proof of a retirement quotes it. */
export interface MachineProof {
  readonly cloud: 'aws' | 'gcp';
  /** EC2's instance id; Compute Engine's numeric id, never a name, which the next machine may bear. */
  readonly id: string;
  /** What the cloud answered: the only answers that are final. */
  readonly answer: 'terminated' | 'deleted';
  /** RFC 3339, UTC. */
  readonly asked: string;
  /** By whom the cloud was asked. */
  readonly as: string;
}

/** Behind a person's words, in a form that is read again: whoever plans the change asks the cloud once more. */
export const quote = (words: string, machines: readonly MachineProof[]): string =>
  [words, ...machines.map(({ cloud, id, answer, asked, as }) => `[machine ${cloud} ${id} ${answer}, asked ${asked} as ${as}]`)].join(' ');

/** The machines that a proof quotes. Words alone quote none. */
export const quoted = (proof: string): MachineProof[] =>
  [...proof.matchAll(/\[machine (aws|gcp) (\S+) (terminated|deleted), asked (\S+) as ([^\]\s]+)\]/g)].map(([, cloud, id, answer, asked, as]) => ({ cloud, id, answer, asked, as }) as MachineProof);
