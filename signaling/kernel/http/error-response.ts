import { z } from 'zod';

/** Body of every refusal, for the OpenAPI description. */
const errorResponse = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    detail: z.string().optional(),
    retryable: z.boolean().optional(),
  }),
});

/** For the responses of a route. */
export const failed = { '4xx': errorResponse, '5xx': errorResponse };
