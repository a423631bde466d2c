import { planSchema, type Plan } from '../model';

/** The plan for other programs; {@link planSchema} is its form. */
export const formatJson = (plan: Plan): string => `${JSON.stringify(planSchema.parse(plan), null, 2)}\n`;
