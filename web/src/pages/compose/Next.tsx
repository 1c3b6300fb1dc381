/** At the end of a step: the way to the next one. */

import { Button } from "@fluentui/react-components";
import { ArrowRightRegular } from "@fluentui/react-icons";
import { useLocation, useNavigate } from "react-router";
import { useDraft } from "./draft";
import { Foot } from "./Foot";

const LED_ON = { isLedOn: true };

/** Whether somebody came here by the button, and so wants to go on with what is first to do. */
export const useIsLedOn = (): boolean => useLocation().state?.isLedOn === true;

export function Next({ step, children }: { step: "audience" | "send"; children: string }) {
    const { document } = useDraft();
    const navigate = useNavigate();
    return (
        <Foot>
            <Button
                appearance="primary"
                size="large"
                icon={<ArrowRightRegular />}
                iconPosition="after"
                onClick={() => void navigate(`/broadcasts/${document.id}/${step}`, { state: LED_ON })}
            >
                {children}
            </Button>
        </Foot>
    );
}
