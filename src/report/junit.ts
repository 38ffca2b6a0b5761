import { NS_PER_SECOND } from '../core/time.ts';
import { sloText, type SloVerdict } from '../rules/slo-verdict.ts';
import type { Report } from './report.ts';

/** Characters that XML 1.0 can't hold, not even escaped. */
const NOT_XML = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' },
  // In an attribute a reader would make blanks of these.
  ...{ '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' },
};

/**
 * The SLOs of a run as JUnit XML, which CI systems read: a test case each. A missed one is a failure; an undecided one is skipped, or a
 * failure when `isStrict`.
 */
export function junitXml(report: Report, isStrict: boolean): string {
  const { slos, durationNs, own, verdict } = report;
  const failures = slos.filter((slo) => isFailure(slo, isStrict)).length;
  const skipped = isStrict ? 0 : slos.filter(({ outcome }) => outcome === 'undecided').length;
  const seconds = durationNs === null ? 0 : Number(durationNs) / NS_PER_SECOND;
  const counts = { tests: slos.length, failures, errors: 0, skipped, time: seconds.toFixed(3) };
  const startedAt = own?.run.startedAt ?? null;
  const suite = { name: own?.run.runId ?? 'run', ...counts, ...(startedAt && { timestamp: startedAt }) };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'inferometer', ...counts })}>`,
    `  <testsuite${attributes(suite)}>`,
    '    <properties>',
    `      <property${attributes({ name: 'verdict', value: verdict.level })}/>`,
    '    </properties>',
    ...slos.map((slo) => testCase(slo, isStrict)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(slo: SloVerdict, isStrict: boolean): string {
  const head = `    <testcase${attributes({ classname: 'inferometer.slo', name: slo.slo, time: '0' })}`;
  const message = sloText(slo);
  if (isFailure(slo, isStrict))
    return `${head}><failure${attributes({ type: slo.outcome, message })}/></testcase>`;
  if (slo.outcome === 'undecided') return `${head}><skipped${attributes({ message })}/></testcase>`;
  return `${head}><system-out>${escaped(message)}</system-out></testcase>`;
}

/** It makes a check of CI fail. */
export function isFailure({ outcome }: SloVerdict, isStrict: boolean): boolean {
  return outcome === 'missed' || (isStrict && outcome === 'undecided');
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

function escaped(text: string): string {
  return text.replace(NOT_XML, '\uFFFD').replace(/[&<>"\t\n\r]/g, (letter) => ESCAPES[letter]!);
}
