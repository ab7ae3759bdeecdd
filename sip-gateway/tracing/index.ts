/** Copies of SIP messages: for operators who look at a call, and for a capture server such as Homer. */
export { CallTraces } from './call-traces.ts';
export { type HepExporter, hepExporter } from './hep-exporter.ts';
