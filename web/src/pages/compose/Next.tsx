/** At the end of a step: the way to the next one. */

import { Button } from "@fluentui/react-components";
import { ArrowRightRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import { useDraft } from "./draft";

export function Next({ step, children }: { step: "audience" | "send"; children: string }) {
    const { document } = useDraft();
    const navigate = useNavigate();
    return (
        <Button
            appearance="primary"
            size="large"
            style={{ alignSelf: "flex-start" }}
            icon={<ArrowRightRegular />}
            iconPosition="after"
            onClick={() => void navigate(`/broadcasts/${document.id}/${step}`)}
        >
            {children}
        </Button>
    );
}
