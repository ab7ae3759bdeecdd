import type { z } from 'zod';
import type { SipTrunk, TrunkUsage } from '../../../contract/index.ts';
import { dayIn, nothing, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../kernel/index.ts';
import { demandPerson } from './number-routes.ts';
import {
  callList,
  callParams,
  callQuery,
  callTrace,
  dialPlanBody,
  dialRequest,
  dialResponse,
  phoneList,
  phoneParams,
  putPhoneRequest,
  putPhoneResponse,
  putTrunkRequest,
  roomPin,
  transferRequest,
  trunkInfo,
  trunkList,
  trunkParams,
} from './rest.ts';
import type { Telephony } from './telephony.ts';

/** Routes for administrators and applications: phones, trunks, dial plan, PINs, calls. */
export function registerTelephonyRoutes(kernel: Kernel, telephony: Telephony): void {
  const { administration, settings, usages } = telephony;

  kernel.adminRoutes('telephony.administer', (app) => {
    app.get(
      '/api/sip/phones',
      {
        schema: { description: 'Phones that may register.', response: { 200: phoneList, ...errorResponses } },
      },
      async () => {
        const [phones, owners] = await Promise.all([settings.phones(), telephony.phones.owners()]);
        return {
          phones: phones.map(({ ha1: _secret, ...phone }) => {
            const accountId = owners.get(phone.username);
            return { ...phone, ...(accountId !== undefined && { accountId }) };
          }),
        };
      },
    );
    app.put(
      '/api/sip/phones/:username',
      {
        config: { act: 'phone.put' },
        schema: {
          description:
            'Adds or replaces a phone. If the request has no password, one is generated and returned only this once. `srtp`, `keying`, `ice`, `transfers` and `accountId` are kept if they are omitted.',
          params: phoneParams,
          body: putPhoneRequest,
          response: { 200: putPhoneResponse, ...errorResponses },
        },
      },
      async ({ params: { username }, body }) => {
        const { accountId: owner, ...settings } = body;
        if (typeof owner === 'string') {
          await demandPerson(kernel, owner);
        }
        const answer = await administration.putPhone(username, settings);
        if (owner !== undefined) {
          await telephony.phones.setOwner(username, owner);
        }
        const accountId =
          owner === undefined ? await telephony.phones.ownerOf(username) : (owner ?? undefined);
        return {
          username,
          ...(body.displayName !== undefined && { displayName: body.displayName }),
          ...(accountId !== undefined && { accountId }),
          ...answer,
        };
      },
    );
    app.delete(
      '/api/sip/phones/:username',
      {
        config: { act: 'phone.delete' },
        schema: {
          description: 'Removes a phone.',
          params: phoneParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params }) => {
        await administration.deletePhone(params.username);
        return {};
      },
    );

    app.get(
      '/api/sip/trunks',
      {
        schema: {
          description: 'Trunks, without their passwords, with the status of their registrations.',
          response: { 200: trunkList, ...errorResponses },
        },
      },
      async () => {
        const nowMs = Date.now();
        const usage = await usages.recent(nowMs);
        return {
          trunks: (await settings.trunks()).map((trunk) =>
            toInfo(trunk, {
              registration: telephony.registrationOf(trunk.name),
              contactStates: telephony.contactsOf(trunk.name),
              usage: usageToday(trunk, usage, nowMs),
            }),
          ),
        };
      },
    );
    app.put(
      '/api/sip/trunks/:name',
      {
        config: { act: 'trunk.put' },
        schema: {
          description:
            'Adds or replaces a trunk. A stored password is kept while both user names stay the same; `srtp`, `keying`, `ice`, `transfers`, `identity`, `numbers`, `limits`, `stirShaken` and `tls` are kept if they are omitted.',
          params: trunkParams,
          body: putTrunkRequest,
          response: { 200: trunkInfo, ...errorResponses },
        },
      },
      async ({ params: { name }, body }) => {
        // The known registration is that of the trunk before the change.
        const trunk = await administration.putTrunk({ name, ...body });
        const nowMs = Date.now();
        const usage = usageToday(trunk, await usages.recent(nowMs, name), nowMs);
        return toInfo(trunk, { registration: null, contactStates: [], usage });
      },
    );
    app.delete(
      '/api/sip/trunks/:name',
      {
        config: { act: 'trunk.delete' },
        schema: {
          description: 'Removes a trunk. Refused while the dial plan uses it.',
          params: trunkParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params }) => {
        await administration.deleteTrunk(params.name);
        return {};
      },
    );

    app.get(
      '/api/sip/dial-plan',
      { schema: { description: 'The dial plan.', response: { 200: dialPlanBody, ...errorResponses } } },
      async () => ({ rules: await settings.dialPlan() }),
    );
    app.put(
      '/api/sip/dial-plan',
      {
        config: { act: 'dialPlan.put' },
        schema: {
          description:
            "Replaces the whole dial plan. The first rule of the call's direction whose pattern matches applies: `*` stands for any characters, `X` for a digit. Calls that no rule permits are refused.",
          body: dialPlanBody,
          response: { 200: dialPlanBody, ...errorResponses },
        },
        bodyLimit: 1024 * 1024,
      },
      async ({ body: { rules } }) => {
        await administration.putDialPlan(rules);
        return { rules };
      },
    );

    app.put(
      '/api/rooms/:roomId/pin',
      {
        config: { act: 'phonePin.put' },
        schema: {
          description:
            'Sets the PIN that callers enter to join the room, and the one that also makes them moderators.',
          params: roomParams,
          body: roomPin,
          response: { 200: roomPin, ...errorResponses },
        },
      },
      async ({ params: { roomId }, body }) => {
        await administration.putPin(roomId, body.pin, body.moderatorPin);
        return body;
      },
    );
    app.delete(
      '/api/rooms/:roomId/pin',
      {
        config: { act: 'phonePin.delete' },
        schema: {
          description: "Removes the room's PINs.",
          params: roomParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params }) => {
        await administration.deletePin(params.roomId);
        return {};
      },
    );
  });

  kernel.adminRoutes('call.administer', (app) => {
    app.get(
      '/api/sip/calls',
      {
        schema: {
          description:
            'Calls in progress and past calls, latest first. All filters that are given must match.',
          querystring: callQuery,
          response: { 200: callList, ...errorResponses },
        },
      },
      async ({ query: { since, until, ...filter } }) => ({
        calls: await telephony.listCalls({ ...filter, sinceMs: since, untilMs: until }),
      }),
    );
    app.post(
      '/api/sip/calls',
      {
        config: { act: 'call.dial' },
        schema: {
          description:
            'Calls a number or a registered phone into a room, if the dial plan permits it. The call history shows the outcome.',
          body: dialRequest,
          response: { 200: dialResponse, ...errorResponses },
        },
      },
      ({ body }) => telephony.dial({ ...body, by: 'api' }),
    );
    app.get(
      '/api/sip/calls/:callId/trace',
      {
        schema: {
          description:
            'The SIP messages of a call, earliest first, with secrets crossed out. The gateway keeps those of its last 500 calls in memory.',
          params: callParams,
          response: { 200: callTrace, ...errorResponses },
        },
      },
      async ({ params }) => ({ messages: await telephony.trace(params.callId) }),
    );
    app.post(
      '/api/sip/calls/:callId/transfer',
      {
        config: { act: 'call.transfer' },
        schema: {
          description:
            'Connects the other party of a call with somebody else: with `target`, or with the party of another call. It leaves the room once that has succeeded. `transfer` in the call history shows the outcome.',
          params: callParams,
          body: transferRequest,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params, body }) => {
        await telephony.transfer(params.callId, body);
        return {};
      },
    );
    app.delete(
      '/api/sip/calls/:callId',
      {
        config: { act: 'call.hangUp' },
        schema: {
          description: 'Hangs up a call.',
          params: callParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params }) => {
        await telephony.hangUp(params.callId);
        return {};
      },
    );
  });
}

/** A trunk without its password. */
function toInfo(
  { password, ...trunk }: SipTrunk,
  state: Pick<z.infer<typeof trunkInfo>, 'registration' | 'contactStates' | 'usage'>,
): z.infer<typeof trunkInfo> {
  return { ...trunk, hasPassword: password !== undefined, ...state };
}

function usageToday(
  { name, limits }: Pick<SipTrunk, 'name' | 'limits'>,
  usage: readonly TrunkUsage[],
  nowMs: number,
): z.infer<typeof trunkInfo>['usage'] {
  const today = dayIn(limits?.timeZone ?? 'UTC', nowMs);
  return usage
    .filter(({ trunk, day }) => trunk === name && day === today)
    .map(({ trunk: _name, ...used }) => used);
}
