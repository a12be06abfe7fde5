// Times and numbers for people: relative in their language, the absolute one in a tooltip, their own zone.
import { Tooltip } from 'antd';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import relativeTime from 'dayjs/plugin/relativeTime';
import { useEffect, useState } from 'react';

import { type Language, useLanguage } from '../i18n';

dayjs.extend(relativeTime);

export function since(at: string, language: Language): string {
  return dayjs(at).locale(language === 'zh' ? 'zh-cn' : 'en').fromNow();
}

export function absolute(at: string | number, language: Language): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
    timeZoneName: 'short',
  }).format(new Date(at));
}

/** Date and time without the year where it is this one. */
export function moment(at: string, language: Language): string {
  const then = new Date(at);
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    ...(then.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' }),
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  }).format(then);
}

export function count(value: number, language: Language): string {
  return value.toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB');
}

/** How long ago; keeps itself up to date. */
export function Ago({ at }: { at: string }) {
  const { language } = useLanguage();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Tooltip title={absolute(at, language)}>
      <time dateTime={at} className="number">
        {since(at, language)}
      </time>
    </Tooltip>
  );
}

/** A point in time, with the zone in a tooltip. */
export function Moment({ at }: { at: string }) {
  const { language } = useLanguage();
  return (
    <Tooltip title={absolute(at, language)}>
      <time dateTime={at} className="number">
        {moment(at, language)}
      </time>
    </Tooltip>
  );
}
