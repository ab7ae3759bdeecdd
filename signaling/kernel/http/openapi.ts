import type { SwaggerOptions } from '@fastify/swagger';
import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import type { RouteOptions } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { errorResponse } from '../../../contract/index.ts';

/** Name of the security scheme in the OpenAPI document. */
export const API_KEY_SCHEME = 'apiKey';
/** The extension of a route with the scope that tokens need. */
export const SCOPE_FIELD = 'x-required-scope';

/** The error responses of a route, for the OpenAPI description. */
export const errorResponses = { '4xx': errorResponse, '5xx': errorResponse };

/** Sections of the page, by the prefix of a route's path. */
const TAGS = [
  { prefix: '/api/tokens', name: 'Tokens', description: 'API tokens' },
  { prefix: '/api/webhooks', name: 'Webhooks', description: 'Events sent to other servers' },
  { prefix: '/api/audit', name: 'Audit', description: 'Who administered what' },
  { prefix: '/api/sip', name: 'Phones', description: 'Phones, trunks, the dial plan and calls' },
  { prefix: '/api/rooms', name: 'Rooms', description: 'Conferences' },
  { prefix: '/api/accounts', name: 'Accounts', description: 'People and their devices' },
  { prefix: '/api/invites', name: 'Invitations', description: 'Invitation links and enrolment' },
  { prefix: '/api/enrol', name: 'Invitations' },
  {
    prefix: '/whip',
    name: 'Streams',
    description: 'Programs that send into rooms (WHIP) or watch them (WHEP)',
  },
  { prefix: '/whep', name: 'Streams' },
  { prefix: '/', name: 'Server', description: 'Health, metrics and what clients need to connect' },
] as const;

/** Example values for fields that the page would otherwise fill with strings generated from their patterns. */
const EXAMPLES: Readonly<Record<string, string>> = {
  accountId: '3f'.repeat(32),
  callerId: '+4930123456',
  callId: '5d0a1a0e-6a0e-4c5b-9a57-2f0c3f6f7f10',
  csr: 'MIHtMIGTAgEAMA==',
  deviceId: 'a7'.repeat(32),
  displayName: 'Ada',
  name: 'office',
  password: 'at least twelve characters',
  pin: '271828',
  prefix: '+49',
  roomId: 'weekly',
  secret: 'the-part-after-invite-in-a-link',
  target: '+4930123456',
  trunk: 'office',
  uri: 'sip:sip.example.net',
  username: '1001',
};

export function swaggerOptions(version: string): SwaggerOptions {
  return {
    openapi: {
      info: {
        title: 'Canopy',
        version,
        description:
          'REST API of the Canopy conference server. Routes with a lock require an API token with the scope that they name, or the key from the file `api.key` in the data folder: press Authorize and paste it.',
      },
      tags: TAGS.filter((tag) => 'description' in tag).map(({ name, description }) => ({
        name,
        description,
      })),
      components: {
        securitySchemes: {
          [API_KEY_SCHEME]: {
            type: 'http',
            scheme: 'bearer',
            description: 'An API token, or the key from `api.key`.',
          },
        },
      },
    },
    transform: (given) => {
      const transformed = jsonSchemaTransform(given);
      addExamples(transformed.schema);
      return transformed;
    },
  };
}

export const swaggerUiOptions: FastifySwaggerUiOptions = {
  routePrefix: '/api/docs',
  uiConfig: { persistAuthorization: true, docExpansion: 'list' },
  theme: {
    title: 'Canopy API',
    css: [{ filename: 'canopy.css', content: '.swagger-ui .topbar { display: none }' }],
  },
};

/** Assigns a route to its section and uses the first sentence of its description as the summary. */
export function describeRoute({ url, schema }: Pick<RouteOptions, 'url' | 'schema'>): void {
  if (schema?.description === undefined) {
    return;
  }
  schema.tags ??= [TAGS.find(({ prefix }) => url.startsWith(prefix))?.name ?? 'Server'];
  schema.summary ??= schema.description.split(/[.:;] |\.$/)[0] ?? '';
}

function addExamples(node: unknown, name = ''): void {
  if (typeof node !== 'object' || node === null) {
    return;
  }
  const schema = node as Record<string, unknown>;
  const example = EXAMPLES[name];
  if (typeof schema.pattern === 'string' && schema.example === undefined && example !== undefined) {
    schema.example = example;
  }
  for (const [key, child] of Object.entries(schema)) {
    addExamples(child, ['anyOf', 'oneOf', 'allOf', 'items'].includes(key) || /^\d+$/.test(key) ? name : key);
  }
}
