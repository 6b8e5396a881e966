# long ptrace(int request, pid_t pid, void *addr, void *data), in place of the C library's; see xstate.py.
#
# For PTRACE_GETREGSET and PTRACE_SETREGSET of NT_X86_XSTATE it goes between the caller, whose buffer may be too short,
# and the kernel, which takes no less than all of the state. Everything else it passes on.

        .set    PTRACE_GETREGSET, 0x4204        # and PTRACE_SETREGSET is one more
        .set    NT_X86_XSTATE, 0x202
        .set    SYS_ptrace, 101

        .set    errno_location, ptrace + 0x11d0 # where the program puts the address of __errno_location
        .set    whole, ptrace + 0x11d8          # bytes of the state
        .set    buffer, ptrace + 0x11e0
        .set    buffer_size, 0x10000

ptrace:
        mov     %edi, %eax
        and     $-2, %eax
        cmp     $PTRACE_GETREGSET, %eax
        jne     other
        cmp     $NT_X86_XSTATE, %rdx
        jne     other

        push    %rbx
        push    %rbp
        sub     $24, %rsp                       # (%rsp) is our struct iovec
        mov     %rcx, %rbx                      # the caller's
        mov     %edi, %ebp
        lea     buffer(%rip), %rax
        mov     %rax, (%rsp)
        movq    $buffer_size, 8(%rsp)
        test    $1, %edi
        jz      call

        mov     whole(%rip), %r9                # how long the state is, which only a PTRACE_GETREGSET tells
        mov     8(%rbx), %rcx
        cmp     %rcx, %r9
        jbe     direct                          # not known yet, or the caller has all of it
        mov     %r9, 8(%rsp)
        push    %rdi
        push    %rsi
        mov     (%rbx), %rsi
        mov     %rax, %rdi
        sub     %rcx, %r9
        rep movsb
        mov     %r9, %rcx
        xor     %eax, %eax
        rep stosb                               # what the caller has no room for is as at the start of a program
        pop     %rsi
        pop     %rdi
call:
        mov     %rsp, %r10
        mov     $SYS_ptrace, %eax
        syscall
        test    %rax, %rax
        js      failed
        test    $1, %ebp
        jnz     done

        mov     8(%rsp), %rcx
        mov     %rcx, whole(%rip)
        cmp     8(%rbx), %rcx
        cmova   8(%rbx), %rcx                   # no more than the caller has room for
        mov     %rcx, 8(%rbx)
        mov     (%rbx), %rdi
        lea     buffer(%rip), %rsi
        rep movsb
        jmp     done
direct:
        mov     %rbx, %r10
        mov     $SYS_ptrace, %eax
        syscall
        test    %rax, %rax
        js      failed
done:
        xor     %eax, %eax
        jmp     return
failed:
        neg     %eax
        mov     %eax, %ebp
        call    *errno_location(%rip)
        mov     %ebp, (%rax)
        mov     $-1, %rax
return:
        add     $24, %rsp
        pop     %rbp
        pop     %rbx
        ret

other:
        push    %rbx
        push    %rbp
        sub     $24, %rsp
        mov     %rcx, %r10
        lea     -1(%rdi), %ebx
        cmp     $2, %ebx                        # PTRACE_PEEKTEXT, PTRACE_PEEKDATA or PTRACE_PEEKUSER
        ja      pass
        mov     %rsp, %r10                      # which the kernel answers in memory, and the C library as the result
pass:
        mov     $SYS_ptrace, %eax
        syscall
        test    %rax, %rax
        js      failed
        cmp     $2, %ebx
        ja      return
        call    *errno_location(%rip)
        movl    $0, (%rax)                      # since the result may be -1
        mov     (%rsp), %rax
        jmp     return
