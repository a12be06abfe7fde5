// In place of the comparison of versions: our templates name no version of any engine, so each fits.
type Versions = Record<string, string>;

/** Of what is provided, what fits: all of it. */
export const getCompatible = (_required: Versions, provided: Versions): Versions => provided;
export const getCoerced = (versions: Versions): Versions => versions;
export const isCompatible = () => true;
export const isSatisfied = () => true;
