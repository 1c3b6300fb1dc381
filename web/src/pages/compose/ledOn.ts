/** Whether somebody came to a step by the button that leads there, and so wants to go on with what is first to do. */

import { useLocation } from "react-router";

/** Goes along as the state of the navigation. */
export const LED_ON = { isLedOn: true };

export const useIsLedOn = (): boolean => (useLocation().state as Partial<typeof LED_ON> | null)?.isLedOn === true;
