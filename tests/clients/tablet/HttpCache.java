package tablet;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * OkHttp's cache under every GET.
 *
 * <p>Re-creates A9: an ETag or Last-Modified is sent back, a 304 gives the kept body with the new headers, and
 * {@code max-age} makes the tablet use a stale answer without asking. E4 is what it is for: with an entity list
 * attached a form is fetched again at every sync.
 */
final class HttpCache {
    private static final Pattern MAX_AGE = Pattern.compile("max-age=(\\d+)");

    private final Path folder;

    HttpCache(Path folder) {
        this.folder = folder;
    }

    private Path file(String url) {
        return folder.resolve(Disk.md5(url.getBytes(StandardCharsets.UTF_8)));
    }

    Reply find(String url) throws IOException {
        Path file = file(url);
        if (!Files.exists(file)) return null;
        Reply kept = read(file);
        kept.fromCache = true;
        return kept;
    }

    boolean isFresh(String url, Reply kept) throws IOException {
        String control = kept.headers.getOrDefault("Cache-Control", "");
        Matcher maxAge = MAX_AGE.matcher(control);
        if (control.contains("no-cache") || !maxAge.find()) return false;
        long age = (System.currentTimeMillis() - Files.getLastModifiedTime(file(url)).toMillis()) / 1000;
        return age < Long.parseLong(maxAge.group(1));
    }

    static Map<String, String> conditions(Reply kept) {
        if (kept == null) return Map.of();
        if (kept.has("ETag")) return Map.of("If-None-Match", kept.header("ETag"));
        if (kept.has("Last-Modified")) return Map.of("If-Modified-Since", kept.header("Last-Modified"));
        return Map.of();
    }

    /** Keep or drop what the server answered, and give what the tablet is to see: the kept body for a 304. */
    Reply settle(String url, Reply kept, Reply reply) throws IOException {
        if (reply.code == 304 && kept != null) {
            kept.headers.putAll(reply.headers);
            write(file(url), kept);
            return kept;
        }
        boolean mayKeep = !reply.headers.getOrDefault("Cache-Control", "").contains("no-store")
            && !"*".equals(reply.header("Vary"));
        if (reply.code == 200 && mayKeep) write(file(url), reply);
        else Files.deleteIfExists(file(url));
        return reply;
    }

    private static void write(Path file, Reply reply) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(reply.headers.size());
        for (Map.Entry<String, String> header : reply.headers.entrySet()) {
            out.writeUTF(header.getKey());
            out.writeUTF(header.getValue());
        }
        out.write(reply.body);
        Disk.write(file, bytes.toByteArray());
    }

    private static Reply read(Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
            Map<String, String> headers = new HashMap<>();
            for (int i = in.readInt(); i > 0; i--) headers.put(in.readUTF(), in.readUTF());
            Reply reply = new Reply(200, in.readAllBytes());
            reply.headers.putAll(headers);
            return reply;
        }
    }
}
