import { ChallengeRefused, type DigestClient } from '../auth/index.ts';
import type { RequestDraft, SipResponse } from '../message/index.ts';
import type { ClientHandlers, ClientTransaction } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';

/** How a request outside dialogs ended. */
export interface RequestOutcome {
  /** 408 if there was no response in time, 503 if there was no flow. */
  readonly status: number;
  readonly reason: string;
  readonly response?: SipResponse;
  /** The flow of the response. */
  readonly flow?: Flow;
}

export interface RequestPlan {
  /** Open the possible flows to the peer, best first. */
  readonly flows: readonly (() => Flow | undefined)[];
  readonly digest: DigestClient | undefined;
  /** Builds the request for a flow, with a new CSeq for each try. */
  readonly build: (flow: Flow) => RequestDraft;
  readonly send: (draft: RequestDraft, flow: Flow, handlers: ClientHandlers) => ClientTransaction;
}

const UNREACHABLE: RequestOutcome = { status: 503, reason: 'Service Unavailable' };

/** Sends a request outside dialogs (REGISTER, OPTIONS): tries one flow after another, and answers up to two challenges. */
export async function sendRequest(plan: RequestPlan): Promise<RequestOutcome> {
  let outcome: RequestOutcome = UNREACHABLE;
  for (const open of plan.flows) {
    const flow = open();
    if (!flow) {
      continue;
    }
    outcome = await sendOn(plan, flow);
    if (outcome.response && outcome.status !== 503) {
      return outcome;
    }
  }
  return outcome;
}

async function sendOn(plan: RequestPlan, flow: Flow): Promise<RequestOutcome> {
  for (let challenges = 0; ; challenges++) {
    const outcome = await once(plan, flow);
    const { response } = outcome;
    const challenged = response && (response.status === 401 || response.status === 407);
    if (!challenged || !plan.digest || challenges === 2) {
      return outcome;
    }
    try {
      plan.digest.learn(response, flow.remote.address);
    } catch (error) {
      if (error instanceof ChallengeRefused) {
        return { ...outcome, reason: error.message };
      }
      throw error;
    }
  }
}

function once(plan: RequestPlan, flow: Flow): Promise<RequestOutcome> {
  return new Promise((resolve) => {
    plan.send(plan.build(flow), flow, {
      onResponse: (response) => {
        const { status, reason } = response;
        if (status >= 200) {
          resolve({ status, reason, response, flow });
        }
      },
      onFailure: (kind) =>
        resolve(kind === 'timeout' ? { status: 408, reason: 'Request Timeout' } : UNREACHABLE),
    });
  });
}
