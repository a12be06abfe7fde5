// Names of elements carry both languages: "发货 Delivery shipped". The same rule as the hub's `both_names`.
import type { Language } from '../i18n';

const CHINESE = /[\u3400-\u9fff\uf900-\ufaff]/u;

export function nameIn(name: string, language: Language): string {
  const characters = [...name];
  let last = -1;
  characters.forEach((character, place) => {
    if (CHINESE.test(character)) last = place;
  });
  const rest = characters.slice(last + 1);
  const blank = rest.indexOf(' ');
  if (last < 0 || blank < 0) return name.trim();
  const end = last + 1 + blank;
  const english = characters.slice(end).join('').trim();
  if (!english) return name.trim();
  return language === 'zh' ? characters.slice(0, end).join('').trim() : english;
}
