/** The protocol's version. A client of another version is refused at auth.prove. */
export const PROTOCOL_VERSION = 1;
