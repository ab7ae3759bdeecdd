import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { CanopyError } from '../../../base/index.ts';

/** The coded error for whatever a route threw. */
export function toCoded(error: FastifyError | CanopyError): CanopyError {
  if (error instanceof CanopyError) {
    return error;
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issue = error.validation[0];
    return new CanopyError('BAD_REQUEST', `${issue?.instancePath.slice(1) || 'body'}: ${issue?.message}`);
  }
  if (error.statusCode === 413) {
    return new CanopyError('PAYLOAD_TOO_LARGE');
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new CanopyError('BAD_REQUEST', error.message);
  }
  return CanopyError.from(error);
}
