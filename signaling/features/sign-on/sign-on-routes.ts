import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CanopyError, clientAddress, networkOf } from '../../../base/index.ts';
import { signedOnRequest, signedOnResponse, signOnRequest, signOnStart } from '../../../contract/index.ts';
import { errorResponses, type Kernel, type NetworkRate } from '../../kernel/index.ts';
import { judgeClaims } from './claims.ts';
import type { Provider } from './provider.ts';
import { SealedCookie } from './sealed-cookie.ts';
import type { SignOn } from './sign-on.ts';

export const CALLBACK_PATH = '/api/sign-on/callback';

export type SignOnOutcome = 'admitted' | 'known' | 'failed';

export interface SignOnRoutesOptions {
  provider: Provider;
  signOn: SignOn;
  rate: NetworkRate;
  onOutcome(outcome: SignOnOutcome): void;
}

/** How long someone may take at the provider, and to decide afterwards, in seconds. */
const ATTEMPT_SECONDS = 900;
const TICKET_SECONDS = 600;

const attemptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  to: signOnRequest.shape.to,
});
const ticketSchema = z.object({
  issuer: z.string(),
  subject: z.string(),
  displayName: z.string(),
  role: z.enum(['admin', 'member', 'guest']),
  to: signOnRequest.shape.to,
});

/** The routes of a sign-on: to the provider, back from it, and into an account. */
export function registerSignOnRoutes(
  kernel: Kernel,
  { provider, signOn, rate, onOutcome }: SignOnRoutesOptions,
): void {
  const { config, log, origins } = kernel;
  // Sent along when the provider's page leads back here; to no request that another site makes.
  const attempts = new SealedCookie({
    name: 'canopy-sign-on',
    schema: attemptSchema,
    maxAgeSeconds: ATTEMPT_SECONDS,
    sameSite: 'Lax',
  });
  const tickets = new SealedCookie({
    name: 'canopy-signed-on',
    schema: ticketSchema,
    maxAgeSeconds: TICKET_SECONDS,
    sameSite: 'Strict',
  });
  const take = (request: Parameters<typeof clientAddress>[0]) =>
    rate.take(networkOf(clientAddress(request, config.server.trustProxy)));
  const back = (reply: FastifyReply, fragment: string) =>
    reply.header('cache-control', 'no-store').redirect(`${kernel.publicUrl}/${fragment}`, 303);

  kernel.routes((app) => {
    app.post(
      '/api/sign-on',
      {
        schema: {
          description:
            'Begins a single sign-on: the browser then opens `url`, the provider’s page. Only for pages at the server’s public address.',
          body: signOnRequest,
          response: { 200: signOnStart, ...errorResponses },
        },
        onRequest: async ({ headers }) => requirePublic(headers.origin, kernel.publicUrl),
      },
      async ({ raw, body }, reply) => {
        take(raw);
        const { url, attempt } = await provider.begin();
        await attempts.set(reply.header('cache-control', 'no-store'), { ...attempt, to: body.to });
        return { url };
      },
    );

    app.get(CALLBACK_PATH, { schema: { hide: true } }, async (request, reply) => {
      try {
        take(request.raw);
        const attempt = await attempts.open(request);
        attempts.clear(reply);
        if (!attempt) {
          throw new CanopyError('SIGN_ON_EXPIRED');
        }
        const query = request.url.slice(request.url.indexOf('?'));
        if (new URLSearchParams(query).get('state') !== attempt.state) {
          // An earlier attempt in this browser, or someone else's.
          throw new CanopyError('SIGN_ON_EXPIRED');
        }
        const claims = await provider.finish(query, attempt);
        const signedOn = judgeClaims(claims, config.oidc);
        await tickets.set(reply, { ...signedOn, issuer: provider.issuer, to: attempt.to });
        return back(reply, '#/signed-on');
      } catch (error) {
        const { code, cause, detail } = CanopyError.from(error);
        onOutcome('failed');
        const address = clientAddress(request.raw, config.server.trustProxy);
        kernel.audit.record({ actor: { kind: 'stranger', address }, action: 'signOn', outcome: code });
        log.warn({ code, detail, err: cause }, 'sign-on failed');
        return back(reply, `#/signed-on/${code}`);
      }
    });

    app.post(
      '/api/sign-on/finish',
      {
        schema: {
          description:
            'Ends a single sign-on: returns an invitation with which this browser enrols, or the account that the person already has.',
          body: signedOnRequest,
          response: { 200: signedOnResponse, ...errorResponses },
        },
        onRequest: async ({ headers }) => origins.require(headers.origin),
      },
      async (request, reply) => {
        take(request.raw);
        const ticket = await tickets.open(request);
        if (!ticket) {
          throw new CanopyError('SIGN_ON_EXPIRED');
        }
        const answer = await signOn.enter(ticket, request.body.replace);
        if (answer.secret !== undefined) {
          tickets.clear(reply);
        }
        onOutcome(answer.secret === undefined ? 'known' : 'admitted');
        reply.header('cache-control', 'no-store');
        return answer;
      },
    );
  });
}

/** @throws {CanopyError} ORIGIN_NOT_ALLOWED */
function requirePublic(origin: string | undefined, publicUrl: string): void {
  if (origin !== publicUrl) {
    throw new CanopyError('ORIGIN_NOT_ALLOWED', `sign on at ${publicUrl}`);
  }
}
