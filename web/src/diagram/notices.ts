// Node notifications in the properties panel: who is told what when an activity begins, ends, is refused or late.
// They are kept as the element's extension properties `notify.EVENT.PART`, so that every modeller keeps them.
import {
  CollapsibleEntry,
  Group,
  isTextAreaEntryEdited,
  isTextFieldEntryEdited,
  TextAreaEntry,
  TextFieldEntry,
} from '@bpmn-io/properties-panel';
import { jsx } from '@bpmn-io/properties-panel/preact/jsx-runtime';

/* eslint-disable @typescript-eslint/no-explicit-any -- the parts of diagram-js have no common types */
type Any = any;

const EVENTS = [
  ['entered', 'When it begins'],
  ['done', 'When it is done'],
  ['rejected', 'When it is refused'],
  ['late', 'When it is overdue'],
] as const;
const PARTS = [
  ['to', 'Who is told', 'Logins, roles, positions or departments, separated by commas; assignee: whoever has the task; or FEEL.'],
  ['when', 'Condition', 'FEEL over the process variables; empty: always.'],
  ['subject.zh', 'Subject in Chinese', 'Fields stand in {{ }}, as {{order_no}}.'],
  ['subject.en', 'Subject in English', ''],
  ['text.zh', 'Text in Chinese', ''],
  ['text.en', 'Text in English', ''],
] as const;
const TOLD_OF = /(Task|SubProcess|CallActivity|Transaction)$/;
// Templates take away what they do not know of: this comes after them.
const AFTER_TEMPLATES = 200;

const extensions = (element: Any): Any => element.businessObject.get('extensionElements');
const holder = (element: Any): Any =>
  extensions(element)?.get('values').find((each: Any) => each.$type === 'zeebe:Properties');
const kept = (element: Any, name: string): Any =>
  holder(element)?.get('properties').find((each: Any) => each.name === name);

class Notices {
  static $inject = ['propertiesPanel', 'bpmnFactory', 'commandStack', 'translate', 'debounceInput'];

  constructor(
    panel: Any,
    private readonly factory: Any,
    private readonly stack: Any,
    private readonly translate: (text: string) => string,
    private readonly debounce: Any,
  ) {
    panel.registerProvider(AFTER_TEMPLATES, this);
  }

  getGroups(element: Any) {
    return (groups: Any[]): Any[] => {
      if (!TOLD_OF.test(element.type)) return groups;
      const entries = EVENTS.map(([event, label]) => this.event(element, event, label));
      return [...groups, { id: 'notices', label: this.translate('Notifications'), component: Group, entries }];
    };
  }

  private event(element: Any, event: string, label: string): Any {
    const parts = PARTS.map((part) => this.part(element, event, part));
    const set = PARTS.some(([part]) => kept(element, `notify.${event}.${part}`));
    return {
      id: `notice-${event}`,
      component: CollapsibleEntry,
      label: this.translate(label) + (set ? ' ✓' : ''),
      entries: parts,
      isEdited: () => set,
    };
  }

  private part(element: Any, event: string, [part, label, about]: (typeof PARTS)[number]): Any {
    const name = `notify.${event}.${part}`;
    const long = part.startsWith('text');
    const entry = {
      id: `notice-${event}-${part.replace('.', '-')}`,
      element,
      label: this.translate(label),
      ...(about && { description: this.translate(about) }),
      getValue: () => kept(element, name)?.value ?? '',
      setValue: (value: string | undefined) => this.set(element, name, value ?? ''),
      debounce: this.debounce,
      ...(long && { rows: 2 }),
    };
    return {
      id: entry.id,
      component: () => jsx(long ? TextAreaEntry : TextFieldEntry, entry),
      isEdited: long ? isTextAreaEntryEdited : isTextFieldEntryEdited,
    };
  }

  /** One step that can be undone: the property, and what holds it where that is not there yet. */
  private set(element: Any, name: string, value: string): void {
    const commands: Any[] = [];
    const change = (moddleElement: Any, properties: Any) =>
      commands.push({ cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } });
    let outer = extensions(element);
    if (!outer) {
      outer = this.made('bpmn:ExtensionElements', element.businessObject, { values: [] });
      change(element.businessObject, { extensionElements: outer });
    }
    let rows = holder(element);
    if (!rows) {
      rows = this.made('zeebe:Properties', outer, { properties: [] });
      change(outer, { values: [...outer.get('values'), rows] });
    }
    const others = rows.get('properties').filter((each: Any) => each.name !== name);
    const own = value.trim() ? [this.made('zeebe:Property', rows, { name, value })] : [];
    change(rows, { properties: [...others, ...own] });
    this.stack.execute('properties-panel.multi-command-executor', commands);
  }

  private made(type: string, parent: Any, attributes: Any): Any {
    const found = this.factory.create(type, attributes);
    found.$parent = parent;
    return found;
  }
}

export const NoticesModule = { __init__: ['noticesProvider'], noticesProvider: ['type', Notices] };
