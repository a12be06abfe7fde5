// Parts of the modeller that bring no types of their own.
declare module 'bpmn-js-properties-panel' {
  export const BpmnPropertiesPanelModule: object;
  export const BpmnPropertiesProviderModule: object;
  export const ZeebePropertiesProviderModule: object;
}
declare module '@bpmn-io/properties-panel' {
  type Part = (props: object) => unknown;
  export const CollapsibleEntry: Part;
  export const Group: Part;
  export const TextAreaEntry: Part;
  export const TextFieldEntry: Part;
  export const isTextAreaEntryEdited: (node: unknown) => boolean;
  export const isTextFieldEntryEdited: (node: unknown) => boolean;
}
declare module '@bpmn-io/properties-panel/preact/jsx-runtime' {
  export function jsx(component: (props: object) => unknown, props: object): unknown;
}
declare module 'bpmn-js-element-templates' {
  export const CloudElementTemplatesPropertiesProviderModule: object;
}
declare module 'bpmn-js-create-append-anything' {
  export const CreateAppendAnythingModule: object;
  export const CreateAppendElementTemplatesModule: object;
}
declare module 'camunda-bpmn-js-behaviors/lib/camunda-cloud' {
  const module: object;
  export default module;
}
declare module 'zeebe-bpmn-moddle/resources/zeebe.json' {
  const descriptor: object;
  export default descriptor;
}
declare module 'bpmn-js-differ' {
  export function diff(before: unknown, after: unknown): {
    _added: Record<string, unknown>;
    _removed: Record<string, unknown>;
    _changed: Record<string, { model: unknown; attrs: Record<string, { oldValue?: unknown; newValue?: unknown }> }>;
    _layoutChanged: Record<string, unknown>;
  };
}
declare module 'bpmn-auto-layout' {
  export function layoutProcess(xml: string): Promise<string>;
}

declare module 'dmn-js/lib/Modeler' {
  export interface DmnView {
    id: string;
    name?: string | undefined;
    type: 'drd' | 'decisionTable' | 'literalExpression' | 'boxedExpression';
    element: unknown;
  }
  export interface DmnViewer {
    on(event: string, listener: () => void): void;
  }
  export default class DmnModeler {
    constructor(options: { container: HTMLElement; height?: string; width?: string; [view: string]: unknown });
    importXML(xml: string): Promise<{ warnings: string[] }>;
    saveXML(options?: { format?: boolean }): Promise<{ xml: string }>;
    getViews(): DmnView[];
    getActiveViewer(): DmnViewer | undefined;
    open(view: DmnView): Promise<unknown>;
    on(event: 'views.changed', listener: (told: { views: DmnView[]; activeView?: DmnView }) => void): void;
    destroy(): void;
  }
}
