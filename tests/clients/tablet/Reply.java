package tablet;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;

/** A server's answer; header names are compared without regard to case. */
final class Reply {
    final int code;
    final TreeMap<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    final byte[] body;
    List<String> challenges = List.of();
    boolean fromCache;

    Reply(int code, byte[] body) {
        this.code = code;
        this.body = body;
    }

    String header(String name) {
        return headers.get(name);
    }

    boolean has(String name) {
        return headers.containsKey(name);
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
