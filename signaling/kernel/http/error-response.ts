import { errorResponse } from '../../../contract/index.ts';

/** The refusals of a route, for the OpenAPI description. */
export const failed = { '4xx': errorResponse, '5xx': errorResponse };
