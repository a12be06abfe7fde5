// Sums of money as a board shows them: large ones in 万 or millions, each currency for itself.
import type { Money } from '../../api/board';
import type { Language } from '../../i18n';
import { money } from '../../widgets/figures';

const LARGE = 100_000;

export function sums(worth: Money[], language: Language): string {
  return worth.map((each) => sum(each, language)).join('  ');
}

function sum({ amount, currency }: Money, language: Language): string {
  const number = Number(amount);
  if (!Number.isFinite(number) || Math.abs(number) < LARGE || !currency) return money(amount, currency, language);
  try {
    return number.toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', {
      style: 'currency',
      currency,
      notation: 'compact',
      maximumFractionDigits: 1,
    });
  } catch {
    return money(amount, currency, language);
  }
}
