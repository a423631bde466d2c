import type { Statement } from '../../../infra/aws/policies';
import { list } from './clusters';

/** What somebody asks of AWS, with the condition keys that the request has. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Whether statements of identity policies allow a request, as IAM decides it within an account: something allows it and nothing denies it
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). It knows the condition operators that the tests' policies have, and no others.
 */
export const mayDo = (statements: readonly Statement[], request: Request): boolean =>
  statements.some((one) => one.Effect !== 'Deny' && holds(one, request)) && !statements.some((one) => one.Effect === 'Deny' && holds(one, request));

const holds = ({ Action, Resource, Condition = {} }: Statement, { action, resource, context = {} }: Request): boolean =>
  list(Action).includes(action) && list(Resource).some((pattern) => like(pattern, resource)) && Object.entries(Condition).every(([operator, keys]) => Object.entries(keys).every(([key, values]) => meets(operator, list(values), context[key])));

/** A condition of one key. Several keys and operators have all to hold, several values one of them. */
function meets(operator: string, wanted: readonly string[], given: string | readonly string[] | undefined): boolean {
  const equal = (one: string): boolean => wanted.includes(one);
  const alike = (one: string): boolean => wanted.some((pattern) => like(pattern, one));
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return typeof given === 'string' && equal(given);
    case 'StringLike':
    case 'ArnLike':
      return typeof given === 'string' && alike(given);
    // Negated operators hold where the request lacks the key.
    case 'StringNotLike':
      return given === undefined || (typeof given === 'string' && !alike(given));
    case 'ForAnyValue:StringEquals':
      return list(given).some(equal);
    // Of no values every one is as wanted.
    case 'ForAllValues:StringNotEquals':
      return list(given).every((one) => !equal(one));
    default:
      throw new Error(`condition operator "${operator}" is unknown here: teach it to test/infra/aws/iam.ts`);
  }
}

/** `*` is any run of characters and `?` any one. */
const like = (pattern: string, value: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(value);
