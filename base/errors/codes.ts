/**
 * The one table of errors that Canopy returns. A code is stable: clients may branch on it. `message` tells a person what
 * happened and what to do about it; `status` is the HTTP status of the REST API; `retryable` means that the same request
 * may succeed later, unchanged.
 */
export const ERROR_CODES = {
  // The request itself
  BAD_REQUEST: {
    status: 400,
    message: 'The request does not match its schema; correct the field named in the detail.',
  },
  UNKNOWN_REQUEST: {
    status: 400,
    message: 'There is no request with this name; see the protocol reference.',
  },
  PROTOCOL_UNSUPPORTED: {
    status: 426,
    message:
      'This client and the server use different protocol versions; reload the page, or update the program.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'The message is too large; send a smaller one.' },
  RATE_LIMITED: {
    status: 429,
    message: 'Too many requests in a short time; wait a moment and send fewer.',
    retryable: true,
  },
  TOO_MANY_CONNECTIONS: {
    status: 429,
    message: 'This address or account has too many open connections; close some first.',
    retryable: true,
  },
  SLOW_READER: {
    status: 408,
    message: 'The connection read too slowly and was closed; reconnect on a better network.',
    retryable: true,
  },
  ORIGIN_NOT_ALLOWED: {
    status: 403,
    message:
      'This web origin may not use this server. If it is the server’s own address, set it with --public-url; otherwise add it to server.origins.',
  },
  NOT_FOUND: {
    status: 404,
    message: 'There is nothing at this address; /api/docs lists all routes.',
  },
  SERVER_CLOSING: {
    status: 503,
    message: 'The server is shutting down; try again in a few seconds.',
    retryable: true,
  },
  SERVER_BUSY: { status: 503, message: 'The server is at its limit; try again later.', retryable: true },
  STORE_BUSY: {
    status: 503,
    message: 'Another program has locked the server’s database; try again in a moment.',
    retryable: true,
  },
  STORE_UNWRITABLE: {
    status: 503,
    message:
      'The server cannot write to its database: the disk is full, or the files belong to another user. Tell the administrator.',
    retryable: true,
  },
  STORE_UNAVAILABLE: {
    status: 503,
    message: 'The server cannot reach its database; try again in a few seconds. Calls in progress continue.',
    retryable: true,
  },
  INTERNAL: {
    status: 500,
    message:
      'Something went wrong in the server; try again. If that does not help, the server’s log has the cause.',
    retryable: true,
  },

  // Certificates (threat case 1)
  CERT_MISSING: { status: 401, message: 'No certificate was presented; open an invitation link to get one.' },
  CERT_MALFORMED: { status: 400, message: 'The certificate could not be read; present DER, leaf first.' },
  CERT_UNTRUSTED: {
    status: 403,
    message:
      'The certificate was not issued by an authority that this server trusts; use one that was, or ask for an invitation.',
  },
  CERT_SELF_SIGNED: {
    status: 403,
    message:
      'The certificate is self-signed; this server requires one from its own or a configured authority.',
  },
  CERT_BAD_SIGNATURE: {
    status: 403,
    message: 'A signature in the certificate chain does not verify; have the certificate reissued.',
  },
  CERT_EXPIRED: {
    status: 403,
    message: 'The certificate has expired; renew it or ask for a new invitation.',
  },
  CERT_NOT_YET_VALID: {
    status: 403,
    message: 'The certificate is not valid yet; check the clocks of the device and of the server.',
  },
  CERT_REVOKED: { status: 403, message: 'The certificate was revoked; ask for a new invitation.' },
  CERT_WRONG_USAGE: {
    status: 403,
    message: 'The certificate is not valid for client authentication; get one that is.',
  },
  CERT_NOT_A_CA: {
    status: 403,
    message: 'A certificate in the chain was not issued by an authority (CA); have it reissued by one.',
  },
  CERT_CHAIN_TOO_LONG: {
    status: 403,
    message:
      'The certificate chain is too long for this server or for an authority in it; get a certificate issued closer to the root.',
  },
  CERT_WEAK: {
    status: 403,
    message:
      'The certificate uses a weak algorithm or key (SHA-1, MD5, RSA under 2048 bits); get a stronger one.',
  },
  CERT_UNSUPPORTED: {
    status: 403,
    message:
      'The certificate has a critical extension or an algorithm that this server does not support; have it reissued without that.',
  },

  CERT_NONCONFORMING: {
    status: 403,
    message: 'A certificate in the chain violates RFC 5280, as the detail explains; have it reissued.',
  },
  CERT_REVOCATION_UNKNOWN: {
    status: 503,
    message:
      'The certificate’s revocation status is unknown: its authority’s revocation list is missing or out of date. Tell the administrator.',
  },

  // Possession (threat case 2)
  AUTH_REQUIRED: { status: 401, message: 'Authenticate first: answer the challenge with auth.prove.' },
  AUTH_DONE: { status: 409, message: 'This connection is already authenticated.' },
  AUTH_BAD_NONCE: {
    status: 401,
    message:
      'The nonce is not the one that the server sent on this connection, or it was already used; reconnect.',
  },
  AUTH_BAD_ORIGIN: {
    status: 401,
    message: 'The statement was signed for another server; check the address that you opened.',
  },
  AUTH_STALE: {
    status: 401,
    message: 'The signed time differs too much from the server’s; check the device’s clock.',
  },
  AUTH_BAD_SIGNATURE: {
    status: 401,
    message: 'The signature does not match the presented certificate; sign with that certificate’s key.',
  },
  ACCOUNT_UNKNOWN: {
    status: 403,
    message: 'This account was removed from the server; ask for a new invitation.',
  },
  IDENTITY_UNKNOWN: {
    status: 404,
    message: 'No account has this id, or the account has no such device; canopy accounts lists them.',
  },
  API_KEY_INVALID: {
    status: 401,
    message:
      'The API key or token is missing, wrong or revoked. The key is in the file api.key in the data folder; canopy token create makes tokens.',
  },
  CLIENT_CERTIFICATE_REQUIRED: {
    status: 403,
    message:
      'The REST API of this server is on a port of its own, for programs with a client certificate; see the settings api.port and api.clientCa.',
  },
  TOKEN_EXPIRED: { status: 401, message: 'The API token has expired; create a new one.' },
  SCOPE_MISSING: {
    status: 403,
    message: 'The API token does not permit this; create one with what the detail names.',
  },
  TOKEN_UNKNOWN: { status: 404, message: 'There is no API token with this id; canopy token list shows all.' },
  WEBHOOK_UNKNOWN: {
    status: 404,
    message: 'There is no webhook with this id; canopy webhook list shows all.',
  },
  WEBHOOK_EXISTS: { status: 409, message: 'There is a webhook with this name; choose another name.' },
  ADDRESS_BOOK_LOGIN: {
    status: 400,
    message: 'The address book server rejects the user name or password; check both.',
  },
  ADDRESS_BOOK_UNREACHABLE: {
    status: 502,
    message: 'The address book cannot be reached or is none, as the detail explains; check its URL.',
  },
  TARGET_REFUSED: {
    status: 400,
    message:
      'The server may not send anything to this URL, as the detail explains; choose a public HTTPS address, or permit it in the configuration (outbound).',
  },
  TOKEN_EXISTS: { status: 409, message: 'There is an API token with this name; choose another name.' },

  // Single sign-on
  SIGN_ON_UNAVAILABLE: {
    status: 503,
    message: 'The sign-on service cannot be reached; try again in a minute, or ask for an invitation.',
    retryable: true,
  },
  SIGN_ON_EXPIRED: {
    status: 401,
    message: 'The sign-on took too long, or was started in another browser or tab; start it again here.',
  },
  SIGN_ON_CANCELLED: {
    status: 403,
    message:
      'The sign-on service did not sign you in; start again, and confirm there that you want to continue.',
  },
  SIGN_ON_FAILED: {
    status: 502,
    message:
      'The sign-on service’s answer was not accepted; try again. If it fails again, tell the administrator, who finds the reason in the server’s log.',
  },
  SIGN_ON_DENIED: {
    status: 403,
    message: 'You signed in, but are not allowed to use this server; ask its administrator.',
  },

  // Invitations and rights
  INVITE_UNKNOWN: { status: 404, message: 'This invitation does not exist; ask for a new link.' },
  INVITE_USED: { status: 410, message: 'This invitation has already been used; ask for a new link.' },
  INVITE_EXPIRED: { status: 410, message: 'This invitation has expired; ask for a new link.' },
  LINK_UNKNOWN: {
    status: 404,
    message: 'This link leads to no room; copy the whole link again, or ask for the current one.',
  },
  LINK_EXPIRED: { status: 410, message: 'This link has expired; ask for the current one.' },
  LINK_WITHDRAWN: { status: 410, message: 'This link was withdrawn or replaced; ask for the current one.' },
  LINK_FULL: {
    status: 409,
    message:
      'This link has let in as many people as it may for now; ask for another one, or try again later.',
  },
  LOBBY_REQUIRED: {
    status: 403,
    message: 'Everyone waits in the lobby of this room until a moderator admits them; ask to join.',
  },
  LOBBY_FULL: {
    status: 503,
    message: 'Too many people are waiting for this room; try again in a few minutes.',
    retryable: true,
  },
  LOBBY_DENIED: {
    status: 403,
    message: 'A moderator did not let you in. You can ask again in five minutes.',
  },

  // A further device of an account
  DEVICE_CODE_UNKNOWN: {
    status: 404,
    message:
      'This code is wrong, or no longer valid. Codes work once, for five minutes: show a new one on the other device.',
  },
  DEVICE_CODE_USED: {
    status: 409,
    message:
      'Another device has already used this code. If that was not you, choose “Cancel” on the device that shows the code, and show a new one.',
  },
  DEVICE_LINK_EXPIRED: {
    status: 410,
    message: 'The code’s five minutes are over; show a new one on the device that has the account.',
  },
  DEVICE_LINK_ENDED: {
    status: 410,
    message:
      'Adding the device was cancelled on the other device, or that device is gone. Nothing was added.',
  },
  DEVICE_LINK_FORGED: {
    status: 400,
    message:
      'The other device’s message was altered on the way, so nothing was added. If it happens again, do not trust this server.',
  },
  ACCOUNT_KEY_MISSING: {
    status: 409,
    message:
      'This device does not hold the account’s key, or cannot export it. Use the device where the account was created, or restore a backup.',
  },
  ACCOUNT_KEY_LOCKED: {
    status: 403,
    message:
      'The account’s key could not be unlocked: the password is wrong, or the passkey is not the one used before.',
  },
  PASSKEY_UNAVAILABLE: {
    status: 400,
    message:
      'The passkey was not used, or it cannot protect keys in this browser. Try again, or use a password.',
  },
  CSR_INVALID: {
    status: 400,
    message:
      'The certificate request is malformed, weak, or not signed by its own key; make one with a P-256 key and SHA-256.',
  },
  FORBIDDEN: { status: 403, message: 'Your role does not permit this; ask a moderator.' },

  // Streams (WHIP, WHEP)
  STREAM_KEY_INVALID: {
    status: 401,
    message:
      'The stream key is missing, wrong, revoked, or for another room; present the whole key as Authorization: Bearer, to the address shown with it.',
  },
  STREAM_KEY_EXPIRED: { status: 401, message: 'The stream key has expired; make a new one.' },
  STREAM_KEY_UNKNOWN: { status: 404, message: 'There is no stream key with this id.' },
  STREAM_UNKNOWN: {
    status: 404,
    message: 'This stream has ended, or was never yours; start a new one with a POST.',
  },
  STREAM_NOT_LIVE: {
    status: 409,
    message: 'Nobody is in the room yet; try again later.',
    retryable: true,
  },
  SDP_INVALID: {
    status: 400,
    message: 'The SDP is malformed or incomplete; the detail says what is missing.',
  },
  SDP_UNACCEPTABLE: {
    status: 406,
    message: 'Nothing in the offer can be used as it is; the detail says what to offer.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    status: 415,
    message: 'Send application/sdp in a POST, and application/trickle-ice-sdpfrag in a PATCH.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This address has no such method; the header Allow lists all.',
  },
  PRECONDITION_REQUIRED: {
    status: 428,
    message: 'Send the ETag of the last answer as If-Match, or * to restart ICE.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    message: 'The stream has restarted ICE since; send the ETag of the last answer as If-Match.',
  },

  // Rooms and sessions
  ROOM_FULL: { status: 503, message: 'The room is full; try again when someone has left.', retryable: true },
  ROOM_NOT_JOINED: { status: 409, message: 'Join a room first.' },
  ROOM_ALREADY_JOINED: { status: 409, message: 'This connection is already in a room; leave it first.' },
  ROOM_UNKNOWN: { status: 404, message: 'No room with this name is open.' },
  ROOM_CLOSED: {
    status: 410,
    message: 'An administrator closed the room; enter it again to reopen it.',
  },
  ROOM_LOCKED: {
    status: 423,
    message: 'The room is locked; ask someone inside to unlock it.',
  },
  ROOM_EXISTS: { status: 409, message: 'A room with this name exists already; choose another name.' },
  ROOM_DELETED: { status: 410, message: 'The room was deleted; ask its owner for a new one.' },
  PIN_REQUIRED: { status: 401, message: 'This room has a PIN; enter it to join.' },
  PIN_WRONG: { status: 403, message: 'The PIN is wrong; check it with whoever invited you.' },
  ROOM_REHOMING: {
    status: 503,
    message: 'The room is moving to another worker; join again with the ticket.',
    retryable: true,
  },
  TICKET_INVALID: {
    status: 403,
    message: 'The ticket is not valid for this room and device; join without it.',
  },
  SESSION_REPLACED: {
    status: 409,
    message: 'This session continues on another connection, e.g. in another tab.',
  },
  CALL_MOVED: { status: 409, message: 'You moved this call to another of your devices.' },

  KICKED: {
    status: 403,
    message:
      'A moderator removed you from this room; come back in five minutes, or ask to be let back in sooner.',
  },
  BANNED: {
    status: 403,
    message: 'A moderator banned you from this room; ask an owner or moderator to lift the ban.',
  },
  STOPPED_BY_MODERATOR: {
    status: 403,
    message: 'A moderator stopped this; raise your hand to ask to start it again.',
  },
  PARTICIPANT_UNKNOWN: {
    status: 404,
    message: 'There is no such participant in the room; they may have left.',
  },

  // Chat
  CHAT_FULL: {
    status: 507,
    message:
      'The chat cannot store more messages until old ones are deleted; tell the owner of the room, or the administrator.',
  },
  CHAT_MESSAGE_UNKNOWN: {
    status: 404,
    message: 'There is no such message, or it was deleted, or you may not read it.',
  },
  FILE_TOO_LARGE: {
    status: 413,
    message: 'The file is larger than this server permits; share it elsewhere.',
  },
  FILES_FULL: {
    status: 507,
    message:
      'There is no space for this file until old ones are deleted; tell the owner of the room, or the administrator.',
  },
  FILE_UNKNOWN: {
    status: 404,
    message: 'There is no such file, or it was deleted, or you may not read it.',
  },
  FILE_INCOMPLETE: {
    status: 409,
    message: 'The file has not been uploaded completely; upload the rest first.',
  },
  FILE_OFFSET: {
    status: 409,
    message: 'The server has another part of this file; continue where its answer to file.start says.',
    retryable: true,
  },
  FILE_TICKET_INVALID: {
    status: 403,
    message: 'This address of a file has expired; open the file again.',
    retryable: true,
  },
  FILE_UNREADABLE: {
    status: 500,
    message: 'The file cannot be decrypted: it was altered, or its key is missing. Tell the administrator.',
  },

  // Breakout rooms
  BREAKOUT_UNKNOWN: {
    status: 404,
    message: 'There is no such breakout room, or the breakout rooms are closed; go back to the main room.',
  },
  BREAKOUTS_OPEN: {
    status: 409,
    message: 'The breakout rooms are open; call everybody back before you change or delete the plan.',
  },

  // Contacts
  CONTACT_CHANGED: {
    status: 409,
    message: 'This contact was changed on another device; load it again and repeat your change.',
  },

  // Polls
  POLL_UNKNOWN: { status: 404, message: 'There is no such poll, or it was deleted, or you may not see it.' },
  POLL_STARTED: {
    status: 409,
    message: 'This poll was already opened, so it cannot be changed; create another one.',
  },
  POLL_NOT_OPEN: { status: 409, message: 'This poll is not open: nobody can vote any more, or not yet.' },

  // Direct calls
  CALL_ENDED: { status: 410, message: 'This call has ended; call again.' },
  CALL_UNKNOWN: { status: 404, message: 'There is no such call, or it is not yours.' },
  CALL_TAKEN: { status: 409, message: 'This call was answered on another of your devices.' },
  CALL_BARRED: {
    status: 403,
    message: 'This person does not take calls from you; ask them to allow it.',
  },
  IN_ANOTHER_CALL: { status: 409, message: 'You are in another call; end it first.' },
  PERSON_UNKNOWN: {
    status: 404,
    message: 'Nobody here has this address, or they cannot be called; check it.',
  },

  // Phones
  GATEWAY_MISSING: {
    status: 503,
    message: 'No phone gateway is connected; start it, or ask the administrator.',
    retryable: true,
  },
  PIN_TOO_SHORT: {
    status: 400,
    message: 'A new PIN needs at least 6 digits, since shorter ones can be guessed; choose a longer one.',
  },
  PIN_TAKEN: { status: 409, message: 'Another room already has this PIN; choose another one.' },
  NUMBER_TAKEN: { status: 409, message: 'This number belongs to somebody else; choose another one.' },
  CALL_REFUSED: {
    status: 403,
    message: 'The dial plan does not permit this number; ask the administrator for an outgoing rule.',
  },
  EMERGENCY_CALL_REFUSED: {
    status: 403,
    message: 'Emergency calls are not possible here, since nobody would know where you are; use a telephone.',
  },
  TRUNK_NUMBER_BARRED: {
    status: 403,
    message: 'The trunk does not permit this number, or no calls at this time; ask the administrator.',
  },
  TRUNK_LIMIT_REACHED: {
    status: 429,
    message:
      'The trunk has reached its limit of calls, minutes or costs; try again later, or ask the administrator.',
  },
  CALL_FAILED: {
    status: 502,
    message: 'The call failed: busy, no answer, or unreachable. Try again later.',
  },

  // Media
  TRANSPORT_UNKNOWN: { status: 404, message: 'You have no transport with this id.' },
  TRANSPORT_EXISTS: { status: 409, message: 'You already have a transport in this direction.' },
  TRANSPORT_CONNECTED: { status: 409, message: 'This transport is already connected.' },
  PATH_TEST_MISSING: { status: 409, message: 'No connection test is running; start one first.' },
  PRODUCER_UNKNOWN: { status: 404, message: 'There is no such producer, or you may not use it.' },
  CONSUMER_UNKNOWN: { status: 404, message: 'You have no consumer with this id.' },
  LIMIT_REACHED: {
    status: 409,
    message: 'You have reached the limit for these; close one first.',
  },
  CODEC_UNSUPPORTED: {
    status: 415,
    message: 'This codec or these parameters are not supported by the room or by your device; choose others.',
  },
  FINGERPRINT_INVALID: { status: 400, message: 'Send exactly one sha-256 DTLS fingerprint.' },
  FINGERPRINT_UNSIGNED: {
    status: 403,
    message:
      'The DTLS fingerprint was not signed by your device: something changed it in transit. The call was stopped; try another network.',
  },
  BRIDGE_NOT_LOCAL: {
    status: 403,
    message: 'A bridge can use plain RTP only on the media server’s host; run the gateway there.',
  },
  MEDIA_REJECTED: { status: 422, message: 'The media worker rejected the media parameters.' },
  WORKER_UNAVAILABLE: {
    status: 503,
    message: 'No media worker is free at the moment; try again in a few seconds.',
    retryable: true,
  },

  // Local errors of the SDK; the server never sends them
  SERVER_UNVERIFIED: {
    status: 495,
    message:
      'The server could not prove that its answer or its media keys are its own: something changed them in transit. Canopy stopped before sending anything; try another network, and tell the administrator.',
  },
  UNSUPPORTED_PLATFORM: {
    status: 501,
    message:
      'Canopy’s SDK needs Node 22 or newer, or a browser from 2024 or newer with the page opened over https or on localhost.',
  },
  INVITE_MISMATCH: {
    status: 495,
    message:
      'This server is not the one that the invitation link names: the link is damaged, or something is intercepting the connection. The invitation was not used; copy the whole link again, or ask for a new one.',
  },
  MEDIA_DENIED: {
    status: 403,
    message:
      'The browser is not allowed to use the camera or microphone; allow it in the address bar and try again.',
  },
  MEDIA_NOT_FOUND: {
    status: 404,
    message: 'No camera or microphone was found; plug one in, or join without.',
  },
  MEDIA_BUSY: {
    status: 409,
    message: 'The camera or microphone is in use by another program; close that program and try again.',
  },
  MEDIA_ENDED: {
    status: 409,
    message:
      'The camera, microphone or screen share has stopped: it was unplugged or ended. Choose it again, or another one.',
  },
  CONNECTION_LOST: {
    status: 503,
    message: 'The connection to the server was lost; check the network and the address.',
    retryable: true,
  },
  REQUEST_TIMEOUT: { status: 504, message: 'The server did not answer in time; try again.', retryable: true },
  IDENTITY_MISSING: {
    status: 401,
    message: 'This device has no identity on this server yet; open an invitation link.',
  },
  BACKUP_INVALID: {
    status: 400,
    message:
      'The backup could not be opened: the file is damaged or incomplete, or its password is wrong. Try again, or use another copy.',
  },

  // Start-up
  CONFIG_INVALID: {
    status: 500,
    message: 'The configuration is not valid; correct the key named in the detail.',
  },
  CA_UNUSABLE: {
    status: 500,
    message:
      'The certificate authority (CA) in the data folder cannot be used; restore its files from a backup, or remove them all to start with a new CA and new invitations.',
  },
  DATA_IN_USE: {
    status: 500,
    message:
      'Another Canopy server is using this data folder or database; stop it, or give this one its own (--data, store.url).',
  },
  STORE_UNUSABLE: {
    status: 500,
    message: 'The database cannot be used; fix the problem named in the detail, or restore it from a backup.',
  },
  STORE_NOT_EMPTY: {
    status: 500,
    message: 'The target already contains data; choose an empty folder or database.',
  },
  FILE_UNUSABLE: {
    status: 500,
    message: 'A file cannot be read or written; fix the problem named in the detail.',
  },
  RECORDER_UNAVAILABLE: {
    status: 503,
    message: 'The server cannot record at the moment; try again in a few seconds. Calls continue.',
    retryable: true,
  },
  RECORDING_RUNNING: { status: 409, message: 'This room is being recorded already.' },
  RECORDING_UNKNOWN: { status: 404, message: 'There is no such recording; it may have been deleted.' },
  RECORDING_UNFINISHED: { status: 409, message: 'This recording has not ended yet; stop it first.' },
  RECORDING_LINK_INVALID: {
    status: 404,
    message: 'This link no longer works: it has expired or was withdrawn, or the recording was deleted.',
  },
  RECORDING_QUOTA: {
    status: 507,
    message: 'The recordings of this room or server take all the space they may; delete older ones.',
  },
  RECORDING_DISK_FULL: {
    status: 507,
    message: 'The server’s disk is full; what was recorded before is kept.',
  },
  RECORDING_STORAGE_UNAVAILABLE: {
    status: 503,
    message: 'The storage that has this recording cannot be reached at the moment; try again later.',
    retryable: true,
  },
  COMPOSER_MISSING: { status: 503, message: 'The server cannot make videos: ffmpeg is not installed.' },
  COMPOSITION_FAILED: { status: 500, message: 'The video could not be made; see the server’s log.' },
  CAPTIONS_UNAVAILABLE: {
    status: 503,
    message: 'The server has no captions at the moment; try again in a few seconds. Calls continue.',
    retryable: true,
  },
  LIVE_RUNNING: { status: 409, message: 'This room is already being streamed live.' },
  LIVE_FAILED: { status: 503, message: 'The live stream failed; the detail says why.' },
  ENCRYPTED_ROOM: { status: 409, message: 'This is not possible in an end-to-end encrypted room.' },
  ENCRYPTION_REQUIRED: {
    status: 426,
    message: 'This room is end-to-end encrypted; reload the page, or update the program.',
  },
  ENCRYPTION_INVALID: {
    status: 400,
    message: 'This violates the rules of the room’s end-to-end encryption.',
  },
  ENCRYPTION_UNTRUSTED: {
    status: 403,
    message:
      'This encrypted room uses another certificate authority: its members cannot verify your certificate, or you cannot verify theirs.',
  },
  ENCRYPTION_STALE: {
    status: 409,
    message: 'The room’s keys have just changed, or this device has none yet. Try again.',
    retryable: true,
  },
  MODEL_UNUSABLE: { status: 500, message: 'The model cannot be used; see the detail.' },
  WORKER_MISSING: {
    status: 500,
    message: 'The mediasoup worker program cannot run; run npm start again, or see canopy doctor.',
  },
  PORT_IN_USE: {
    status: 500,
    message:
      'A port is in use by another program, or not permitted; free it, or choose another with the flag named in the detail.',
  },
} as const satisfies Record<string, ErrorEntry>;

interface ErrorEntry {
  status: number;
  message: string;
  retryable?: boolean;
}

export type ErrorCode = keyof typeof ERROR_CODES;
