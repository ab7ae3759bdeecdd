/** Copies of SIP messages for a capture server such as Homer. */
export { type HepExporter, hepExporter } from './hep-exporter.ts';
