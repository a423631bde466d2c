/** What is declared can't become Terraform; the message says what to mend. */
export class InfraError extends Error {
  override readonly name = 'InfraError';
}
