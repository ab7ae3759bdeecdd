/** Bodies of the REST API for chats. Every request needs the API key. */
import { z } from 'zod';
import { roomParams } from '../../../contract/index.ts';
import { chatMessage } from './contract.ts';

export const chatMessageParams = roomParams.extend({ seq: z.coerce.number().int().min(1) });

const limit = z.coerce.number().int().min(1).max(100).default(50);
/** Only messages before this `seq`. For the next page: the least `seq` of the last one. */
const before = z.coerce.number().int().min(1).optional();

export const chatQuery = z.object({ limit, before });
export const chatSearchQuery = z.object({ query: z.string().min(1).max(200), limit, before });
export const chatExportQuery = z.object({ format: z.enum(['json', 'text']).default('json') });

export const chatMessages = z.object({
  messages: z.array(chatMessage),
  /** Whether there are more. */
  more: z.boolean(),
});

export const chatCleared = z.object({ messagesDeleted: z.int() });
