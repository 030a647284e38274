/** One audit as one HTML file: no scripts, no requests, readable on paper, in the dark and on a telephone. */
import type { AuditRecord } from '../audit-record.ts';
import { html, trusted } from './html.ts';
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
import { STYLE } from './style.ts';
import { judge } from './verdict.ts';

const KEYHOLE = trusted(
  '<svg width="20" height="24" viewBox="0 0 20 24" aria-hidden="true"><path fill="currentColor" d="M10 0a7 7 0 0 0-3.6 13L4 24h12l-2.4-11A7 7 0 0 0 10 0z"/></svg>',
);

/**
 * A function of the record alone. The bytes are the same in every Node; in a page they may differ by half-pixel offsets,
 * which Plot chooses by the screen's pixel ratio.
 */
export function renderAuditReport(audit: AuditRecord): string {
  const verdict = judge(audit);
  const some = audit.attacks.length > 0;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Membership audit: ${audit.model.name} on ${audit.dataset.name}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header><span class="brand">${KEYHOLE}Keyhole</span><span class="what"><h1>Membership audit of ${audit.model.name}, trained on ${audit.dataset.name}</h1></span></header>
<main>
${verdictSection(verdict)}
${tiles(audit)}
${facts(audit)}
${some && resultsSection(audit)}
${some && rocSection(audit)}
${some && histogramSection(audit)}
${adviceSection(audit, verdict)}
${warningsSection(audit)}
${meaningSection(audit)}
${some && threatSection(audit)}
${provenanceSection(audit)}
</main>
<footer>Made by Keyhole ${audit.version}${audit.date !== undefined && `, ${audit.date}`}. This page loads nothing and runs no scripts.</footer>
</body>
</html>
`;
  return page.markup;
}
