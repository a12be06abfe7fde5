// Times for people: relative in their language; the absolute one goes into a tooltip.
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import relativeTime from 'dayjs/plugin/relativeTime';

import type { Language } from './i18n';

dayjs.extend(relativeTime);

export function since(at: string, language: Language): string {
  return dayjs(at).locale(language === 'zh' ? 'zh-cn' : 'en').fromNow();
}
