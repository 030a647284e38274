/** Audit records as a self-contained HTML report and as a terminal table; experiments as HTML and Markdown. */
export { renderAuditReport } from './audit-report.ts';
export { curvesPlot } from './curves.ts';
export { createDocument } from './document.ts';
export { dpAuditPlot } from './dp-audit-plot.ts';
export { renderDpAuditReport } from './dp-audit-report.ts';
export { renderDpAuditText } from './dp-audit-terminal.ts';
export { renderExperimentMarkdown } from './experiment-markdown.ts';
export { type ExperimentRun, renderExperimentReport } from './experiment-report.ts';
export { histogramPlot, lineStyle, rocPlot } from './plots.ts';
export { renderRobustnessReport } from './robustness-report.ts';
export { renderRobustnessText } from './robustness-terminal.ts';
export { renderAuditTable } from './terminal.ts';
export { type Evidence, judge, type Verdict, type VerdictLevel } from './verdict.ts';
