/** One audit as one HTML file. */
import type { AuditRecord } from '../audit-record.ts';
import { html } from './html.ts';
import { page } from './page.ts';
import { classesSection, controlSection, exposedSection, pairedSection, slicesSection } from './parts.ts';
import {
  adviceSection,
  facts,
  histogramSection,
  meaningSection,
  provenanceSection,
  resultsSection,
  rocSection,
  threatSection,
  tiles,
  verdictSection,
  warningsSection,
} from './sections.ts';
import { judge } from './verdict.ts';

/**
 * A function of the record alone. The bytes are the same in every Node; in a page they may differ by half-pixel offsets,
 * which Plot chooses by the screen's pixel ratio.
 */
export function renderAuditReport(audit: AuditRecord): string {
  const verdict = judge(audit);
  const some = audit.attacks.length > 0;
  return page({
    title: `Membership audit: ${audit.model.name} on ${audit.dataset.name}`,
    heading: `Membership audit of ${audit.model.name}, trained on ${audit.dataset.name}`,
    version: audit.version,
    date: audit.date,
    main: html`${verdictSection(verdict)}
${tiles(audit)}
${facts(audit)}
${some && resultsSection(audit)}
${some && rocSection(audit)}
${some && histogramSection(audit)}
${pairedSection(audit)}
${classesSection(audit)}
${slicesSection(audit)}
${exposedSection(audit)}
${controlSection(audit)}
${adviceSection(audit, verdict)}
${warningsSection(audit)}
${meaningSection(audit)}
${some && threatSection(audit)}
${provenanceSection(audit)}`,
  });
}
