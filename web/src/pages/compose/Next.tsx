/** At the end of a step: the way to the next one. */

import { Button } from "@fluentui/react-components";
import { ArrowRightRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import { useDraft } from "./draft";
import { Foot } from "./Foot";
import { LED_ON } from "./ledOn";

export function Next({ step, children }: { step: "audience" | "send"; children: string }) {
    const { document } = useDraft();
    const navigate = useNavigate();
    const go = () => {
        void navigate(`/broadcasts/${document.id}/${step}`, { state: LED_ON });
        window.scrollTo(0, 0);
    };
    return (
        <Foot>
            <Button appearance="primary" size="large" icon={<ArrowRightRegular />} iconPosition="after" onClick={go}>
                {children}
            </Button>
        </Foot>
    );
}
