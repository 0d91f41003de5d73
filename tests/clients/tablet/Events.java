package tablet;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;

/**
 * What happened, as one JSON object per line, for the test that started the tablet.
 *
 * <p>An event with {@code "ok": false} makes the whole run a failure (exit status 1).
 */
final class Events {
    static final ObjectMapper JSON = new ObjectMapper();

    private final PrintStream out;
    private boolean failed;

    Events(PrintStream out) {
        this.out = out;
    }

    /** Report an event; after its name come keys and values in turn. */
    void report(String event, Object... pairs) {
        ObjectNode node = JSON.createObjectNode().put("event", event);
        for (int i = 0; i + 1 < pairs.length; i += 2) node.set((String) pairs[i], JSON.valueToTree(pairs[i + 1]));
        if (node.has("ok") && !node.get("ok").asBoolean()) failed = true;
        out.println(node);
    }

    /** Report a failed step; the stack goes to stderr, where the test's failure message takes it from. */
    void reportFailure(String event, String formId, Throwable cause) {
        cause.printStackTrace();
        report(event, "ok", false, "form_id", formId, "error", describe(cause));
    }

    boolean haveFailed() {
        return failed;
    }

    static String describe(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable t = error; t != null && text.length() < 600; t = t.getCause())
            text.append(text.length() > 0 ? " <- " : "").append(t.getClass().getSimpleName()).append(": ")
                .append(t.getMessage());
        return text.toString();
    }
}
